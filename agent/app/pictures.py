"""The media cache inside the agent: builds its rooms and wires them to the ledger. Part of the composition root."""

from collections.abc import Callable

from agent.app.cache import decoder_argv, lock_build, shared_thumbnails
from agent.domain.clock import Clock
from agent.facts import memory_of
from agent.media.pool import Decoders
from agent.platforms.base import Places
from agent.store import picturable
from agent.store.cache_db import CacheDatabase
from agent.store.db import Database
from agent.store.settings import SettingsStore
from agent.work.cache.arrivals import Arrivals, Demand
from agent.work.cache.making import Making
from agent.work.cache.pictures import Cache

#: One for what comes by itself, one for what somebody waits for.
WORKERS = 2


class Pictures:
    """Everything that makes and shows small pictures."""

    def __init__(
        self,
        where: Places,
        settings: SettingsStore,
        database: Database,
        clock: Clock,
        *,
        is_busy: Callable[[], bool],
    ) -> None:
        self._thumbs = CacheDatabase(where.cache_dir, "thumbnails")
        self._facts = CacheDatabase(where.cache_dir, "media_metadata")
        self._decoders = Decoders(decoder_argv(), workers=WORKERS, clock=clock, memory_of=memory_of)
        making = Making(
            self._thumbs,
            self._facts,
            self._decoders,
            clock,
            sizes=lambda: settings.get().values.cache_sizes_px,
            limit_bytes=lambda: settings.get().values.cache_limit_bytes,
            shared=shared_thumbnails(),
        )
        self._demand = Demand(making)
        self.cache = Cache(
            making, clock, database.read, lambda version: picturable.sha1_of(database.read(), version), self._demand
        )
        self.arrivals = Arrivals(
            database,
            making,
            clock,
            is_busy=is_busy,
            batch_files=lambda: settings.get().values.cache_batch_files,
            lock=lambda: lock_build(where),
        )

    def stop(self) -> None:
        """Make no more; what is under way is abandoned."""
        self._demand.stop()
        self._decoders.close()

    def close(self) -> None:
        """Keep what was learned, and close the databases."""
        self.cache.flush()
        self._thumbs.close()
        self._facts.close()
