"""Great changes of the whole server: wiped, brought back from a backup, exchanged for another one.

For: ``server.wipe()``, ``server.backup()``, ``server.restore(backup)``, ``server.exchange()``.
Must not: leave a trace in the list of what is gone; that is what makes these different from deletions.
Thread: the test's.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from .models import User
from .world import World


@dataclass(frozen=True, slots=True)
class Backup:
    """Copies of all tables; users stay the same objects."""

    tables: dict[str, Any]


def take(world: World) -> Backup:
    """What a nightly dump of the database holds."""
    with world.pulse.lock:
        everybody = list(world.people.users.values())
        memo: dict[int, Any] = {id(user): user for user in everybody}
        tables = {
            "users": dict(world.people.users),
            "usage": {user.id: user.usage for user in everybody},
            "passwords": {user.id: user.password for user in everybody},
            "keys": world.people.keys,
            "sessions": world.people.sessions,
            "partners": world.people.partners,
            "assets": world.store.assets,
            "crowds": world.store.crowds,
            "albums": world.albums.albums,
            "stacks": world.stacks.stacks,
            "tags": world.tags.tags,
            "gone": world.ledger.gone,
        }
        return Backup(copy.deepcopy(tables, memo))


def bring_back(world: World, backup: Backup) -> None:
    """The database is again as it was; what came later is gone without a trace."""
    with world.pulse.lock:
        everybody: list[User] = list(backup.tables["users"].values())
        tables = copy.deepcopy(backup.tables, {id(user): user for user in everybody})
        clear(world)
        world.people.users |= tables["users"]
        for user in everybody:
            user.usage, user.password = tables["usage"][user.id], tables["passwords"][user.id]
        world.people.keys |= tables["keys"]
        world.people.sessions |= tables["sessions"]
        world.people.partners += tables["partners"]
        world.store.put_back(tables["assets"].values())
        world.store.crowds += tables["crowds"]
        world.albums.albums |= tables["albums"]
        world.stacks.stacks |= tables["stacks"]
        world.tags.tags |= tables["tags"]
        world.ledger.gone += tables["gone"]


def clear(world: World) -> None:
    """Nothing is left, nobody is known; websockets lose their connection."""
    with world.pulse.lock:
        for table in (world.albums.albums, world.stacks.stacks, world.tags.tags):
            table.clear()
        world.store.clear()
        world.people.clear()
        world.ledger.forget()
    world.hall.cut()


def begin_anew(world: World, former: User, *, keep_secrets: bool) -> User:
    """Another database at the same address, set up with the same e-mail address and password.

    The new administrator has another id. With ``keep_secrets`` the old keys and sessions open the new account, which
    no real server does; it shows whether a client looks at the user's id.
    """
    with world.pulse.lock:
        keys, sessions = dict(world.people.keys), dict(world.people.sessions)
        clear(world)
        user = world.people.add_user(former.email, former.password, name=former.name, is_admin=True)
        for secret, key in keys.items() if keep_secrets else ():
            key.user = user
            world.people.keys[secret] = key
        for token, session in sessions.items() if keep_secrets else ():
            session.user = user
            session.checkpoints.clear()
            world.people.sessions[token] = session
        return user
