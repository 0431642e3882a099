"""What cannot be done as it was asked, in words: one sentence, and the next step. Pure; any thread.

Fates of errors (`domain.errors`) come here too when they answer a call, so the problems and reasons are looked up as
well; a code that nobody knows still gets a sentence.
"""

from agent.protocol.types import Args
from agent.words.catalogue import N_, _, fill, sentences, tell
from agent.words.problems import PROBLEMS, problem_text
from agent.words.settings import allowed

_MISTAKES = {
    "path_missing": N_("There is nothing at {path}. Check the path."),
    "path_not_watched": N_("{path} is in no watched folder. Add its folder with 'safelight folder add'."),
    "not_a_folder": N_("{path} is not a folder. Name the folder that it is in."),
    "is_a_folder": N_("{path} is a folder. Leave it out with a rule of the watched folder that it lies in."),
    "not_absolute": N_("{path} is not a full path. Name it from the root on."),
    "folder_unknown": N_("{path} is not a watched folder. 'safelight folder list' shows which are."),
    "folder_exists": N_("{path} is watched already. Change it with 'safelight folder set'."),
    "folder_inside_destination": N_("{path} lies inside a destination. Watch a folder outside of it."),
    "destination_inside_folder": N_("{path} lies inside a watched folder. Choose a place outside of it."),
    "destination_unknown": N_("There is no destination {name}. 'safelight destination list' shows which there are."),
    "destination_exists": N_("There is a destination {name} already. Choose another name with --name."),
    "not_a_server": N_("{name} is a folder, not an account at a server."),
    "address_missing": N_("{name} needs one address at least."),
    "destination_busy": N_("The destination {name} is still at work. Try again in a moment."),
    "key_unknown": N_("There is no setting {key}. 'safelight settings list' shows which there are."),
    "setting_unknown": N_("There is no setting {key}. There are: {known}."),
    "value_invalid": N_("{key} cannot be set to that: {detail}."),
    "job_unknown": N_("There is no job {id}. 'safelight jobs list' shows which there are."),
    "job_key_unknown": N_("There is no handler for {key}. Known are: {known}."),
    "job_not_ended": N_("Job {id} has not ended yet, so there is nothing to retry."),
    "job_ended": N_("Job {id} has ended already."),
    "job_not_failed": N_("Job {id} has not failed, so there is nothing to retry."),
    "job_finished": N_("Job {id} has finished already."),
    "payload_invalid": N_("The payload does not fit: {detail}."),
    "payload_too_large": N_("The payload is too large. At most 64 KiB are taken."),
    "group_unknown": N_("There is no such request any more. Start it again."),
    "file_unknown": N_("{path} is in no watched folder. 'safelight folder list' shows which are."),
    "no_destination": N_("There is no place to back up to yet. Add one with 'safelight destination add'."),
    "no_folder": N_("No folder is watched yet. Add one with 'safelight folder add PATH'."),
    "already_running": N_("The agent is running already. 'safelight status' shows how it is."),
    "not_running": N_("The background agent is not running. Start it with 'safelight start'."),
    "stopping": N_("The agent is just stopping. Start it again with 'safelight start'."),
    "bad_time": N_("'{text}' is no time. Write it like 08:00, tomorrow or 2026-01-31 08:00."),
    "time_past": N_("'{text}' has passed already. Name a time to come."),
    "pause_is_past": N_("That time has passed already. Name a time to come."),
    "bad_duration": N_("'{text}' is no duration. Write it like 30m, 2h or 1h30m."),
    "bad_number": N_("'{text}' is no number."),
    "bad_json": N_("That is not valid JSON: {detail}."),
    "bad_url": N_("'{text}' is no web address. Write it like https://photos.example.org."),
    "keyring_absent": N_(
        "This computer has no keyring to keep the sign-in in. "
        "Add '--store file' to keep it in a file that only you can read."
    ),
    "keyring_locked": N_("The keyring is locked. Unlock it and try again, or add '--store file'."),
    "wrong_password": N_("The e-mail address or the password is wrong. Try again."),
    "wrong_api_key": N_("The server does not know this API key. Copy it again from Immich, or make a new one."),
    "signed_out": N_("The server refused the sign-in. Check the API key or the password and try again."),
    "secret_missing": N_("No API key or password was given. Use --api-key-stdin, or --email with --password-stdin."),
    "credentials_missing": N_(
        "No API key or password was given. Use --api-key-stdin, or --email with --password-stdin."
    ),
    "password_login_off": N_("The server does not allow signing in by password. Use an API key."),
    "permission_missing": N_(
        "The API key lacks the permission {permission}. Give it that in Immich under Account Settings, API Keys."
    ),
    "version_mismatch": N_("The agent is of another version. Restart it with 'safelight restart'."),
    "secret_empty": N_("Nothing came on stdin. Pipe the key or the password in, as in 'safelight ... < key.txt'."),
    "home_empty": N_("--home needs the name of a folder."),
    "home_unwritable": N_("{path} cannot be written to. Choose another place with --home."),
    "start_failed": N_("The agent did not start. 'safelight run' shows why."),
    "stop_failed": N_("The agent did not stop in time. It is still finishing something; try again."),
    "not_answering": N_("The agent does not answer. Restart it with 'safelight restart'."),
    "bad_request": N_("The agent did not understand that. Restart it with 'safelight restart'."),
    "too_long": N_("That is more than the agent takes at once. Ask for less."),
    "not_private": N_("{path} belongs to somebody else. Choose another place with --home."),
    "file_exists": N_("{path} is there already. Choose another name."),
    "file_unwritable": N_("{path} cannot be written: {detail}. Choose another place."),
    "service_own_home": N_(
        "Only the usual home is registered with the system, and this is {path}. "
        "Leave out --home and SAFELIGHT_HOME, or start this one yourself with 'safelight --home {path} start'."
    ),
    "no_picture": N_("There is no picture of {path}. 'safelight library show' may tell more."),
    "out_unwritable": N_("{path} cannot be written to: {detail}. Choose another place with --out."),
    "cache_busy": N_("The media cache is busy. Try again in a moment."),
    "cache_damaged": N_("The media cache was damaged and is begun anew. Try again."),
    "cache_newer": N_("The media cache was made by a newer Safelight. Update this one, or delete the cache."),
    "cache_unusable": N_("The media cache cannot be used: {detail}."),
    "ledger_old": N_("The library was kept by an older Safelight. Start the agent once with 'safelight start'."),
    "header_invalid": N_("'{name}' is no header that can be sent. Write it like 'Name: value'."),
    "oauth_unknown": N_("That sign-in is over. Begin it again."),
    "internal": N_("Something unexpected happened in the agent. 'safelight logs' tells more."),
}


def mistake(code: str, args: Args) -> str:
    """Why a request was refused, and what to do instead."""
    if code == "value_invalid" and (may_be := allowed(str(args.get("key")))) is not None:
        return fill(_("{key} must be {allowed}."), {**args, "allowed": may_be})
    if code in PROBLEMS and code not in _MISTAKES:
        return sentences(*problem_text(code, args))
    return tell(_MISTAKES, code, args, N_("That cannot be done: {code}. 'safelight logs' tells more."))
