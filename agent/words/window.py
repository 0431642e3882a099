"""What the window says where the terminal names a command: there is a button for it, and no prompt to type at.

The key is the sentence of the terminal, letter for letter as it is marked elsewhere; a test sees to it. Pure.
"""

from agent.words.catalogue import N_, say_instead

_ADD_PLACE = N_("There is no place to back up to yet. Add one in the settings.")
_LOG = N_("The log tells more.")
_RESTART = N_("The agent does not answer as it should. Quit Safelight and start it again.")

IN_WINDOW: dict[str, str] = {
    # why a file is not safe
    "Hidden files are left out. Allow them with 'safelight folder set PATH --hidden'.": N_(
        "Hidden files are left out. Allow them in the rules of the folder."
    ),
    "Subfolders are left out. Take them with 'safelight folder set PATH --recursive'.": N_(
        "Subfolders are left out. Take them by the rules of the folder."
    ),
    "It failed too often. Retry it with 'safelight jobs retry'.": N_("It failed too often. Retry it."),
    "It waits for the conditions that you set. 'safelight status' shows which.": N_(
        "It waits for the conditions that you set. The overview shows which."
    ),
    "There is no destination yet. Add one with 'safelight destination add'.": _ADD_PLACE,
    "There is no place to back up to yet. Add one with 'safelight destination add'.": _ADD_PLACE,
    "Background backup is off. Turn it on with 'safelight enable'.": N_(
        "Background backup is off. Turn it on in the overview."
    ),
    "It could not be copied: {code}. Retry, or look at 'safelight logs'.": N_(
        "It could not be copied: {code}. Retry, or look at the log."
    ),
    # lasting problems
    "Use an https address, or say that you want it with --plain-http.": N_(
        "Use an https address, or confirm that you want it so."
    ),
    "If it is yours, compare this fingerprint and add it with --fingerprint: {fingerprint}.": N_(
        "If it is yours, compare this fingerprint, then confirm it: {fingerprint}."
    ),
    "Whoever runs the server gives you one; 'safelight destination add immich' takes its file.": N_(
        "Whoever runs the server gives you one; choose its file where you sign in."
    ),
    "Check the disk, and get them back from the destination. 'safelight verify' lists them.": N_(
        "Check the disk, and get them back from the destination."
    ),
    "Start a keyring service, or add the server again with '--store file'.": N_(
        "Start a keyring service, or sign in again and let the sign-in be kept in a file."
    ),
    "Connect its drive, or stop watching it with 'safelight folder remove'.": N_(
        "Connect its drive, or stop watching it."
    ),
    "See which with 'safelight library list --state failed', then retry.": N_(
        "See what each of them needs, then retry."
    ),
    "Put them back with 'safelight library restore PATH', or say so with 'safelight library accept'.": N_(
        "Put them back, or say that they were meant to be deleted."
    ),
    "Add a server or a folder with 'safelight destination add'.": N_("Add a server or a folder in the settings."),
    "Add one with 'safelight folder add'.": N_("Add the folder that holds your pictures."),
    "Start it with 'safelight start'.": N_("Start it."),
    "'safelight logs' tells more.": _LOG,
    "Waiting: {code}. 'safelight status' shows more.": N_("Waiting: {code}."),
    # what the check-up finds
    "Run 'safelight service install'.": N_("Switch on the start at login in the settings."),
    "Run 'safelight service install' again.": N_("Switch the start at login off and on again in the settings."),
    "Nothing needs to be done if you meant it; else run 'safelight service install'.": N_(
        "Nothing needs to be done if you meant it; else switch the start at login off and on again."
    ),
    "Run 'safelight restart'. If that does not help, 'safelight logs' tells what it does.": N_(
        "Quit Safelight and start it again. If that does not help, the log tells what it does."
    ),
    "Run 'safelight restart'.": N_("Quit Safelight and start it again."),
    "'safelight logs' tells why. 'safelight start' tries again.": N_("The log tells why. Start it in the overview."),
    "Run 'safelight cache build' to see why.": N_("Build the thumbnails now in the settings to see why."),
    "Install and unlock one (gnome-keyring, KWallet), or sign in again with '--store file'.": N_(
        "Install and unlock one (gnome-keyring, KWallet), or let the sign-in be kept in a file."
    ),
    # what cannot be done as it was asked
    "{path} is in no watched folder. Add its folder with 'safelight folder add'.": N_(
        "{path} is in no watched folder. Add its folder first."
    ),
    "{path} is in no watched folder. 'safelight folder list' shows which are.": N_(
        "{path} is in no watched folder. Add its folder first."
    ),
    "{path} is not a watched folder. 'safelight folder list' shows which are.": N_("{path} is not a watched folder."),
    "{path} is watched already. Change it with 'safelight folder set'.": N_(
        "{path} is watched already. Change its rules instead."
    ),
    "There is no destination {name}. 'safelight destination list' shows which there are.": N_(
        "There is no destination {name} any more."
    ),
    "There is a destination {name} already. Choose another name with --name.": N_(
        "There is a destination {name} already. Choose another name."
    ),
    "There is no setting {key}. 'safelight settings list' shows which there are.": N_("There is no setting {key}."),
    "There is no job {id}. 'safelight jobs list' shows which there are.": N_("There is no job {id} any more."),
    "No folder is watched yet. Add one with 'safelight folder add PATH'.": N_("No folder is watched yet. Add one."),
    "The background agent is not running. Start it with 'safelight start'.": N_(
        "The background agent is not running. Start it in the overview."
    ),
    "The agent is just stopping. Start it again with 'safelight start'.": N_(
        "The agent is just stopping. Start it again in the overview."
    ),
    "This computer has no keyring to keep the sign-in in. Add '--store file' to keep it in a file that only you can"
    " read.": N_(
        "This computer has no keyring to keep the sign-in in. Let it be kept in a file that only you can read."
    ),
    "The keyring is locked. Unlock it and try again, or add '--store file'.": N_(
        "The keyring is locked. Unlock it and try again, or let the sign-in be kept in a file."
    ),
    "No API key or password was given. Use --api-key-stdin, or --email with --password-stdin.": N_(
        "No API key or password was given. Enter one of them."
    ),
    "The agent is of another version. Restart it with 'safelight restart'.": _RESTART,
    "The agent does not answer. Restart it with 'safelight restart'.": _RESTART,
    "The agent did not understand that. Restart it with 'safelight restart'.": _RESTART,
    "There is no picture of {path}. 'safelight library show' may tell more.": N_("There is no picture of {path}."),
    "Something unexpected happened in the agent. 'safelight logs' tells more.": N_(
        "Something unexpected happened in the agent. The log tells more."
    ),
    "That cannot be done: {code}. 'safelight logs' tells more.": N_("That cannot be done: {code}. The log tells more."),
}


def speak_in_window(*, really: bool = True) -> None:
    """From here on say what a person before the window can do; `really` False: at the terminal again."""
    say_instead(IN_WINDOW if really else {})
