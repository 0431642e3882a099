"""What the check-up finds, in words: what is wrong, and the next step. Pure; any thread.

The codes are those of `domain.checkup`; a problem that the agent itself shows has its words in `problems`.
"""

from agent.protocol.types import Args
from agent.words.catalogue import N_, _, fill, ngettext
from agent.words.problems import PROBLEMS, problem_text

_REGISTER = N_("Run 'safelight service install'.")
_AGAIN = N_("Run 'safelight service install' again.")

FINDINGS: dict[str, tuple[str, str]] = {
    # --- the agent and its registration
    "agent_stopped": (N_("The background agent is not running."), N_("Start it with 'safelight start'.")),
    "agent_silent": (
        N_("The background agent holds its home, but does not answer."),
        N_("Run 'safelight restart'. If that does not help, 'safelight logs' tells what it does."),
    ),
    "agent_other_version": (
        N_("The agent that runs is version {found}, this program is version {expected}."),
        N_("Run 'safelight restart'."),
    ),
    "home_not_private": (
        N_("{path} belongs to somebody else."),
        N_("Give it to yourself with 'sudo chown -R $USER {path}', or choose another home with --home."),
    ),
    "home_unwritable": (N_("{path} cannot be written to."), N_("Check its permissions and whether the disk is full.")),
    "service_no_manager": (
        N_("The system's service manager ({found}) does not answer, so nothing starts by itself."),
        N_("Log in with a desktop or with ssh and try again; 'safelight start' works in any case."),
    ),
    "service_absent": (
        N_("The agent is not registered with the system: it does not start by itself at login."),
        _REGISTER,
    ),
    "service_masked": (
        N_("The system was told never to start the agent ({found} is masked)."),
        N_("Run 'systemctl --user unmask safelight.service', then 'safelight service install'."),
    ),
    "service_program_gone": (
        N_("The system would start {found}, which is no longer there. Safelight was moved or updated."),
        _AGAIN,
    ),
    "service_elsewhere": (
        N_("The system starts another Safelight than this one: {found}."),
        N_("Run 'safelight service install' with the one that you want to keep."),
    ),
    "service_disabled": (N_("The agent is registered, but switched off: it does not start at login."), _REGISTER),
    "service_failed": (
        N_("The agent ended with an error several times in a row, so the system has given up starting it."),
        N_("'safelight logs' tells why. 'safelight start' tries again."),
    ),
    "service_outdated": (N_("An older version of Safelight registered the agent."), _AGAIN),
    "service_not_lingering": (
        N_("The agent runs while you are logged in, and ends when you log out."),
        N_("If it should go on, as on a server, run 'loginctl enable-linger'."),
    ),
    "nightly_absent": (N_("The nightly pass of the picture cache is not registered."), _AGAIN),
    "nightly_masked": (
        N_("The system was told never to run the nightly pass ({found} is masked)."),
        N_("Run 'systemctl --user unmask safelight-cache.timer', then 'safelight service install'."),
    ),
    "nightly_program_gone": (N_("The nightly pass would start {found}, which is no longer there."), _AGAIN),
    "nightly_elsewhere": (N_("The nightly pass starts another Safelight than this one: {found}."), _AGAIN),
    "nightly_disabled": (N_("The nightly pass of the picture cache is switched off in the system."), _AGAIN),
    "nightly_failed": (
        N_("The last nightly pass of the picture cache failed."),
        N_("Run 'safelight cache build' to see why."),
    ),
    "nightly_outdated": (N_("An older version of Safelight registered the nightly pass."), _AGAIN),
    "nightly_unwanted": (N_("The nightly pass is registered, but switched off in the settings."), _AGAIN),
    "nightly_other_time": (
        N_("The nightly pass is registered for {found}, but the settings say {expected}."),
        _AGAIN,
    ),
    "tray_absent": (N_("The light in the tray does not start at login."), _REGISTER),
    "tray_program_gone": (N_("At login {found} would be started, which is no longer there."), _AGAIN),
    "tray_elsewhere": (N_("At login the tray of another Safelight is started: {found}."), _AGAIN),
    "tray_disabled": (
        N_("The light in the tray was switched off in the desktop's list of startup programs."),
        N_("Nothing needs to be done if you meant it; else run 'safelight service install'."),
    ),
    "tray_outdated": (N_("An older version of Safelight registered the tray."), _AGAIN),
    "tray_no_host": (
        N_("This desktop shows no tray icons."),
        N_(
            "On GNOME install the extension 'AppIndicator and KStatusNotifierItem Support'. Until then "
            "'safelight-tray' opens a window, and 'safelight status' says the same."
        ),
    ),
    # --- watching
    "watches_short": (
        N_("The system allows {limit} file watches; your folders need {needed}, and other programs use {used}."),
        N_(
            "Run: echo 'fs.inotify.max_user_watches = {suggested}' | sudo tee /etc/sysctl.d/60-safelight.conf "
            "&& sudo sysctl --system"
        ),
    ),
    "watchers_short": (
        N_("The system allows {limit} programs that watch files, and {used} do."),
        N_(
            "Run: echo 'fs.inotify.max_user_instances = {suggested}' | sudo tee /etc/sysctl.d/61-safelight.conf "
            "&& sudo sysctl --system"
        ),
    ),
    # --- secrets
    "keyring_absent": (
        N_("There is no keyring here that could keep the sign-in."),
        N_("Install and unlock one (gnome-keyring, KWallet), or sign in again with '--store file'."),
    ),
    "keyring_locked": (N_("The keyring is locked."), N_("Unlock it, by logging in or with its own window.")),
    "secrets_readable": (
        N_("Others on this computer can read {path}, which holds sign-ins."),
        N_("Run: chmod 600 '{path}'. If others use this computer, make a new API key too."),
    ),
    # --- servers
    "clock_wrong": (
        N_("This computer's clock and that of {address} differ by {off_s}."),
        N_("Set the clock: switch on automatic time in the system's settings (on Linux: 'timedatectl set-ntp true')."),
    ),
    "certificate_untrusted": (
        N_("The certificate of {address} is not trusted: {reason}."),
        N_("If it is your own authority's, add that to the certificates that this system trusts."),
    ),
    "certificate_expired": (N_("The certificate of {address} has expired."), N_("Renew it on the server.")),
    "certificate_expires": (N_("The certificate of {address} expires soon."), N_("Renew it on the server.")),
    "certificate_other_name": (
        N_("The certificate of {address} is for another name."),
        N_("Use the name that the certificate is for, or let the server have one for this name."),
    ),
    "chain_incomplete": (
        N_("The certificate of {address} cannot be followed up to an authority that this system trusts."),
        N_(
            "Let the server send its intermediate certificates too (the full chain), or add your own authority's "
            "certificate to those that this system trusts."
        ),
    ),
    "server_unencrypted": (
        N_("{address} is reached over the internet without encryption; others can read the key and the pictures."),
        N_("Give the server a certificate and change the address to https."),
    ),
    "proxy_body_limit": (
        N_("Something before {address} (a proxy) refuses files larger than about {limit_bytes}."),
        N_(
            "Raise its limit: nginx 'client_max_body_size 50000M;', Apache 'LimitRequestBody 0'; Cloudflare's tunnel "
            "has a fixed one, so reach the server another way."
        ),
    ),
    "proxy_used": (
        N_("{address} is reached through the proxy {proxy} that the environment names."),
        N_("If that is not meant, add the server's name to NO_PROXY."),
    ),
    "unknown_host": (N_("The name in {address} is not known."), N_("Check the address and the network's DNS.")),
    "key_lacks": (
        N_("The API key of {name} lacks the permission {permission}."),
        N_("Give the key this permission in Immich under Account Settings, API Keys."),
    ),
    # --- disks and folders
    "disk_short": (
        N_("Only {free_bytes} are free where {path} lies."),
        N_("Free some space there; below {needed_bytes} Safelight keeps no more thumbnails."),
    ),
    "settings_unreadable": PROBLEMS["settings_unreadable"],
    "folder_missing": PROBLEMS["folder_missing"],
    "folder_unreadable": PROBLEMS["folder_unreadable"],
    "no_folder": PROBLEMS["no_folder"],
    "no_destination": PROBLEMS["no_destination"],
}

AREAS = {
    "agent": N_("the agent"),
    "service": N_("start at login"),
    "tray": N_("the tray"),
    "settings": N_("settings and folders"),
    "watches": N_("file watches"),
    "secrets": N_("the keyring"),
    "servers": N_("servers"),
    "disk": N_("disk space"),
}


def finding(code: str, args: Args) -> tuple[str, str]:
    """What is wrong, and the next step."""
    found = FINDINGS.get(code)
    if found is None:
        return problem_text(code, args)
    text, step = found
    days = args.get("days")
    if code == "certificate_expires" and isinstance(days, int):
        said = ngettext(
            "The certificate of {address} expires in {days} day.",
            "The certificate of {address} expires in {days} days.",
            days,
        )
        return fill(said, args), fill(_(step), args)
    return fill(_(text), args), fill(_(step), args)


def area(name: str) -> str:
    """What a check looked at."""
    return _(AREAS.get(name, name))
