"""A lasting problem in words: what is wrong, and the next step. Pure; any thread.

The codes are those of the agent's catalogue of problems; one that is not known here still gets a sentence.
"""

from collections.abc import Callable

from agent.protocol.types import Args, Problem
from agent.words.catalogue import N_, _, fill, ngettext, tell

#: code -> what is wrong, what to do. Sentences are filled with the problem's arguments.
PROBLEMS: dict[str, tuple[str, str]] = {
    "server_unreachable": (
        N_("The server does not answer."),
        N_("Check that it is on and that this computer reaches it; the backup goes on by itself then."),
    ),
    "not_immich": (
        N_("There is no Immich server at this address."),
        N_("Check the address: it is the one that opens Immich in the browser."),
    ),
    "signed_out": (N_("You are signed out of the server."), N_("Sign in again.")),
    "permission_missing": (
        N_("The API key lacks the permission {permission}."),
        N_("Give the key this permission in Immich under Account Settings, API Keys."),
    ),
    "quota_exceeded": (
        N_("Your storage space on the server is used up."),
        N_("Delete something there, or ask whoever runs the server for more space."),
    ),
    "maintenance": (N_("The server is in maintenance."), N_("The backup goes on by itself when it is back.")),
    "certificate_untrusted": (
        N_("The server's certificate is not trusted."),
        N_("Check the address, or add the server's certificate to those that this computer trusts."),
    ),
    "certificate_changed": (
        N_("The server shows another certificate than the one that was confirmed."),
        N_("If you renewed it, sign in again; otherwise somebody else may be answering."),
    ),
    "certificate_file_unreadable": (
        N_("The certificate file {path} cannot be used."),
        N_("It must be a PEM file that you may read; a client certificate holds its key as well."),
    ),
    "client_certificate_needed": (
        N_("The server, or a proxy before it, wants a client certificate that it knows."),
        N_("Whoever runs the server gives you one; 'safelight destination add immich' takes its file."),
    ),
    "plain_http": (
        N_("{address} would send everything unencrypted through the internet."),
        N_("Use an https address, or say that you want it with --plain-http."),
    ),
    "oauth_off": (
        N_("The server offers no sign-in in the browser."),
        N_("Use an e-mail address and password, or an API key made in Immich under Account Settings."),
    ),
    "oauth_failed": (
        N_("The sign-in in the browser did not work."),
        N_(
            "The sign-in service must allow http://127.0.0.1 as a redirect; "
            "otherwise use an API key made in Immich under Account Settings."
        ),
    ),
    "oauth_timeout": (N_("Nobody signed in in the browser."), N_("Try again.")),
    "bit_rot": (
        N_("Files hold other bytes than were copied, though nobody touched them, {path} among them."),
        N_("Check the disk, and get them back from the destination. 'safelight verify' lists them."),
    ),
    "server_too_old": (
        N_("The server's version {version} is too old for Safelight."),
        N_("Update the Immich server."),
    ),
    "server_too_new": (
        N_("The server's version {version} is newer than this Safelight knows."),
        N_("Update Safelight."),
    ),
    "server_error": (
        N_("The server answers with errors."),
        N_("Look at the server's log; the backup goes on by itself when it works again."),
    ),
    "server_unavailable": (
        N_("The server does not work just now."),
        N_("Look at the server's log if it stays so; the backup goes on by itself when it works again."),
    ),
    "connection_lost": (
        N_("The connection to the server breaks again and again."),
        N_("Check the network; the backup goes on by itself."),
    ),
    "uploads_refused": (
        N_("The server answers, but takes no pictures."),
        N_(
            "Look whether its disk is full, at its log, and at a proxy or firewall before it; "
            "the backup goes on by itself when it takes them again."
        ),
    ),
    "redirected": (
        N_("The server sends us on to another address: {location}."),
        N_("Use that address if you trust it."),
    ),
    "address_invalid": (
        N_("{address} is no web address."),
        N_("Write it like https://photos.example.org."),
    ),
    "account_changed": (
        N_("Somebody else is signed in at the server than before."),
        N_("Sign in as the same user, or remove the destination and add it anew."),
    ),
    "destination_missing": (
        N_("The destination folder {path} is not there."),
        N_("Connect the drive or the network share; the backup goes on by itself then."),
    ),
    "destination_full": (N_("The disk of the destination {path} is full."), N_("Free some space there.")),
    "waits_for_room": (
        N_("Some files are too large for the space that is left at {destination}."),
        N_("Free some space there; they go on by themselves then, and what fits is backed up meanwhile."),
    ),
    "destination_read_only": (
        N_("The destination folder {path} cannot be written to."),
        N_("Check its permissions, and whether the drive is write-protected."),
    ),
    "destination_error": (
        N_("The destination {path} reported an error."),
        N_("Check the drive and its cable; the backup goes on by itself then."),
    ),
    "destination_unreadable": (
        N_("The destination folder {path} cannot be read."),
        N_("Check its permissions and the drive."),
    ),
    "destination_replaced": (
        N_("Another drive than before is at {path}."),
        N_("Connect the right drive, or remove the destination and add it anew."),
    ),
    "keyring_absent": (
        N_("This computer has no keyring, so the sign-in cannot be kept safely."),
        N_("Start a keyring service, or add the server again with '--store file'."),
    ),
    "keyring_locked": (N_("The keyring is locked."), N_("Unlock it; the backup goes on by itself then.")),
    "secret_missing": (N_("The sign-in for the server is not in the keyring any more."), N_("Sign in again.")),
    "folder_missing": (
        N_("The folder {path} is not there."),
        N_("Connect its drive, or stop watching it with 'safelight folder remove'."),
    ),
    "folder_silent": (
        N_("The folder {path} does not answer."),
        N_("Look whether its drive or network share is connected; the backup goes on by itself then."),
    ),
    "folder_unreadable": (
        N_("The folder {path} cannot be read."),
        N_("Give yourself permission to read it; if its path is too long for the system, shorten a folder's name."),
    ),
    "folder_replaced": (
        N_("The folder {path} is suddenly another one, perhaps on another drive."),
        N_("Connect the right drive, or remove the folder and add it anew."),
    ),
    "files_failed": (
        N_("Some files could not be uploaded."),
        N_("See which with 'safelight library list --state failed', then retry."),
    ),
    "missing_at_destination": (
        N_("Copies are missing at the destination though nobody was seen deleting them."),
        N_("Put them back with 'safelight library restore PATH', or say so with 'safelight library accept'."),
    ),
    "settings_unreadable": (
        N_("The settings file cannot be read: {detail}."),
        N_("Correct the file, or delete it to begin anew; the last good settings are used until then."),
    ),
    "database_unreadable": (
        N_("The agent's database was damaged."),
        N_("It is made anew from the disk and the server; nothing needs to be done."),
    ),
    "database_corrupt": (
        N_("The agent's database is damaged."),
        N_("Restart the agent: it makes a new one from the disk and the server."),
    ),
    "database_read_only": (
        N_("The agent's database cannot be written to."),
        N_("Check the permissions of its folder, and whether the disk is write-protected."),
    ),
    "database_newer": (
        N_("A later version of Safelight wrote the database."),
        N_("Update Safelight; an older version would damage it."),
    ),
    "watch_failed": (
        N_("The folder {path} cannot be watched for changes."),
        N_("It is looked through once a day instead; nothing needs to be done."),
    ),
    "disk_full": (N_("This computer's disk is full."), N_("Free some space; the backup goes on by itself then.")),
    "watch_limit": (
        N_("The system allows too few file watches to watch {path}."),
        N_("Raise fs.inotify.max_user_watches; until then the folder is looked through once a day."),
    ),
    "no_destination": (
        N_("There is no place to back up to yet."),
        N_("Add a server or a folder with 'safelight destination add'."),
    ),
    "no_folder": (N_("No folder is watched yet."), N_("Add one with 'safelight folder add'.")),
    "agent_not_running": (N_("The background agent is not running."), N_("Start it with 'safelight start'.")),
    "not_answering": (
        N_("The background agent holds its home, but does not answer."),
        N_("Run 'safelight restart'. If that does not help, 'safelight logs' tells what it does."),
    ),
}

#: What is wrong where it is known how often.
_COUNTED: dict[str, Callable[[int], str]] = {
    "waits_for_room": lambda n: ngettext(
        "One file is too large for the space that is left at {destination}.",
        "{count} files are too large for the space that is left at {destination}.",
        n,
    ),
    "files_failed": lambda n: ngettext("One file could not be uploaded.", "{count} files could not be uploaded.", n),
    "bit_rot": lambda n: ngettext(
        "The file {path} holds other bytes than were copied, though nobody touched it.",
        "{count} files hold other bytes than were copied, though nobody touched them, {path} among them.",
        n,
    ),
}


def problem(lasting: Problem) -> tuple[str, str]:
    """What is wrong, and the next step."""
    return problem_text(lasting.code, lasting.args)


def problem_text(code: str, args: Args) -> tuple[str, str]:
    """The same for a bare code with its arguments."""
    count = args.get("count")
    if code in _COUNTED and isinstance(count, int):
        return fill(_COUNTED[code](count), args), fill(_(PROBLEMS[code][1]), args)
    if code == "server_too_old" and args.get("version") is None:
        return _("The server is too old for Safelight."), _(PROBLEMS[code][1])
    if code == "certificate_untrusted" and args.get("fingerprint"):
        step = _("If it is yours, compare this fingerprint and add it with --fingerprint: {fingerprint}.")
        return _(PROBLEMS[code][0]), fill(step, args)
    if code == "settings_unreadable" and args.get("known") is False:
        step = _(
            "Correct the file. Nothing is forgotten until then, unless you begin anew with a folder or a destination."
        )
        return fill(_(PROBLEMS[code][0]), args), step
    if code not in PROBLEMS:
        said = tell({}, code, args, N_("Something is wrong: {code}."))
        return said, _("'safelight logs' tells more.")
    text, step = PROBLEMS[code]
    return fill(_(text), args), fill(_(step), args)
