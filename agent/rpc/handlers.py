"""One plain function for each method of the protocol: unpacks the parameters, asks the work, packs the answer.

Decides nothing. Called on the threads of `agent.rpc.pool`. `hello` and `state.subscribe` belong to the connection and
are not here.
"""

import os
from collections.abc import Callable
from typing import Any, Protocol

from agent import __version__
from agent.protocol import cache as c
from agent.protocol import history as h
from agent.protocol import methods as m
from agent.protocol import server as s
from agent.protocol.types import FileDetail, GroupRow, JobRow, Preview, Section, Snapshot, StopReason
from agent.rpc.handlers_accounts import AccountHandlers
from agent.work.asked.accounts import Accounts
from agent.work.asked.browsing import Browsing
from agent.work.asked.control import Control
from agent.work.asked.leaving import Leaving
from agent.work.asked.library import Library
from agent.work.asked.putback import PuttingBack
from agent.work.cache.pictures import Cache


class Agent(Protocol):
    """What the composition root offers."""

    control: Control
    library: Library
    accounts: Accounts
    cache: Cache

    put_back: PuttingBack
    leaving: Leaving
    browsing: Browsing

    def rebuild_cache(self, *, anew: bool = False) -> int: ...

    def snapshot(self) -> Snapshot: ...

    def request_stop(self, reason: StopReason) -> None: ...

    def dismiss(self, notice_id: str) -> None: ...


class Handlers:
    """The table from method to function."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._control = agent.control
        self._library = agent.library
        self._cache = agent.cache
        self._put_back = agent.put_back
        self.table: dict[str, Callable[[Any], m.Message | Section]] = {
            "agent.version": self._version,
            "agent.stop": self._stop,
            "state.get": self._state,
            "backup.enable": self._enable,
            "backup.disable": self._disable,
            "backup.pause": self._pause,
            "backup.resume": self._resume,
            "backup.start": self._start,
            "backup.cancel": self._cancel,
            "group.show": self._group,
            "destination.add_folder": self._add_folder_destination,
            "destination.list": self._destinations,
            "destination.check": self._check,
            "destination.remove": self._remove_destination,
            "folder.add": self._add_folder,
            "folder.list": self._folders,
            "folder.preview": self._preview,
            "folder.set": self._set_folder,
            "folder.remove": self._remove_folder,
            "library.list": self._files,
            "library.months": self._months,
            "library.month": self._month,
            "library.recent": self._recent,
            "library.show": self._file,
            "library.exclude": self._exclude,
            "library.include": self._include,
            "jobs.list": self._jobs,
            "jobs.show": self._job,
            "jobs.retry": self._retry,
            "jobs.retry_failed": self._retry_failed,
            "runs.list": self._runs,
            "conditions.show": self._conditions,
            "jobs.cancel": self._cancel_job,
            "jobs.prioritise": self._prioritise,
            "jobs.enqueue": self._enqueue,
            "sync.start": self._sync,
            "library.restore": self._restore,
            "library.accept": self._accept,
            "verify.start": self._verify,
            **AccountHandlers(agent.accounts, agent.browsing).table,
            "notice.dismiss": self._dismiss,
            "cache.stats": self._cache_stats,
            "cache.metadata": self._media_info,
            "cache.thumbnail": self._thumbnail,
            "cache.thumbnails": self._thumbnails,
            "cache.rebuild": self._rebuild_cache,
            "settings.list": self._settings,
            "settings.get": self._setting,
            "settings.set": self._set_setting,
        }

    def dispatch(self, method: str, params: m.Message) -> m.Message | Section:
        """Answer one call."""
        return self.table[method](params)

    def _version(self, _: m.Nothing) -> m.Welcome:
        return m.Welcome(m.PROTOCOL, __version__, os.getpid())

    def _stop(self, params: m.Stop) -> m.Nothing:
        self._agent.request_stop(params.reason)
        return m.Nothing()

    def _state(self, _: m.Nothing) -> Snapshot:
        return self._agent.snapshot()

    def _enable(self, _: m.Nothing) -> m.Nothing:
        self._control.enable()
        return m.Nothing()

    def _disable(self, _: m.Nothing) -> m.Nothing:
        self._control.disable()
        return m.Nothing()

    def _pause(self, params: m.Pause) -> m.Nothing:
        self._control.pause(params.until_at)
        return m.Nothing()

    def _resume(self, _: m.Nothing) -> m.Nothing:
        self._control.resume()
        return m.Nothing()

    def _start(self, params: m.BackupStart) -> m.GroupId:
        return m.GroupId(self._control.start(params.paths, anyway=params.anyway))

    def _cancel(self, _: m.Nothing) -> m.Nothing:
        self._control.cancel_requests()
        return m.Nothing()

    def _group(self, params: m.GroupId) -> GroupRow:
        return self._control.group(params.group_id)

    def _add_folder_destination(self, params: m.DestinationAddFolder) -> m.DestinationAdded:
        return self._library.add_folder_destination(params.path, params.name)

    def _destinations(self, _: m.Nothing) -> m.Destinations:
        return m.Destinations(tuple(self._library.list_destinations()))

    def _check(self, params: m.DestinationRef) -> m.DestinationReport:
        return self._library.check_destination(params.destination)

    def _remove_destination(self, params: m.DestinationRef) -> m.Nothing:
        self._library.remove_destination(params.destination)
        return m.Nothing()

    def _add_folder(self, params: m.FolderAdd) -> Preview:
        return self._library.add_folder(params.path, params.destinations, params.rules)

    def _folders(self, _: m.Nothing) -> m.Folders:
        return m.Folders(self._library.list_folders(), self._library.folder_warnings())

    def _preview(self, params: m.FolderPreview) -> Preview:
        return self._library.preview(params.path, params.rules)

    def _set_folder(self, params: m.FolderSet) -> m.Nothing:
        self._library.set_folder(params.path, params.destinations, params.rules)
        return m.Nothing()

    def _remove_folder(self, params: m.PathRef) -> m.Nothing:
        self._library.remove_folder(params.path)
        return m.Nothing()

    def _files(self, params: m.LibraryList) -> m.Files:
        rows = self._library.list_files(params.state, params.folder, params.after, params.limit)
        return m.Files(tuple(rows), rows[-1].id if len(rows) == params.limit else None)

    def _months(self, params: m.LibraryFilter) -> m.Months:
        return m.Months(tuple(m.Month(month, files) for month, files in self._library.months(params)))

    def _month(self, params: m.LibraryMonth) -> m.Files:
        return m.Files(tuple(self._library.month(params.month, params.only, params.offset, params.limit)))

    def _recent(self, params: m.LibraryRecent) -> m.Files:
        return m.Files(tuple(self._library.recent(params.limit)))

    def _exclude(self, params: s.Paths) -> h.Chosen:
        return self._agent.leaving.exclude(params.paths)

    def _include(self, params: s.Paths) -> h.Chosen:
        return self._agent.leaving.include(params.paths)

    def _file(self, params: m.PathRef) -> FileDetail:
        return self._library.show_file(params.path)

    def _sync(self, params: s.SyncStart) -> s.JobIds:
        return self._put_back.sync(params.destination)

    def _restore(self, params: s.Paths) -> s.PutBack:
        return self._put_back.restore(params.paths)

    def _accept(self, params: s.Paths) -> s.Accepted:
        return self._put_back.accept(params.paths)

    def _verify(self, params: s.Paths) -> s.JobIds:
        return self._put_back.verify(params.paths)

    def _jobs(self, params: m.JobsList) -> m.JobRows:
        rows = self._control.list_jobs(params.status, params.before, params.limit)
        return m.JobRows(tuple(rows), rows[-1].id if len(rows) == params.limit else None)

    def _job(self, params: m.JobRef) -> JobRow:
        return self._control.show_job(params.id)

    def _retry(self, params: m.JobRef) -> m.Nothing:
        self._control.retry_job(params.id)
        return m.Nothing()

    def _retry_failed(self, _: m.Nothing) -> h.Retried:
        return h.Retried(self._control.retry_failed())

    def _runs(self, params: h.RunsList) -> h.RunRows:
        rows = self._control.list_runs(params.before, params.limit)
        return h.RunRows(tuple(rows), rows[-1].id if len(rows) == params.limit else None)

    def _conditions(self, _: m.Nothing) -> h.ConditionsNow:
        return self._control.conditions()

    def _cancel_job(self, params: m.JobRef) -> m.Nothing:
        self._control.cancel_job(params.id)
        return m.Nothing()

    def _prioritise(self, params: m.JobPrioritise) -> m.Nothing:
        self._control.prioritise_job(params.id, params.priority)
        return m.Nothing()

    def _enqueue(self, params: m.JobEnqueue) -> m.JobId:
        return m.JobId(self._control.enqueue_job(params.key, params.payload, params.priority, params.max_attempts))

    def _dismiss(self, params: m.NoticeRef) -> m.Nothing:
        self._agent.dismiss(params.id)
        return m.Nothing()

    def _cache_stats(self, _: m.Nothing) -> c.CacheStats:
        return self._cache.stats()

    def _media_info(self, params: m.PathRef) -> c.MediaInfo:
        return self._cache.metadata(params.path)

    def _thumbnail(self, params: c.ThumbnailWish) -> c.Thumbnail:
        return self._cache.thumbnail(params.path, params.bound_px, quick=params.quick)

    def _thumbnails(self, params: c.ThumbnailsWish) -> c.Thumbnails:
        return self._cache.page(params.ids, params.bound_px)

    def _rebuild_cache(self, params: c.CacheWish) -> c.CacheRebuild:
        return c.CacheRebuild(self._agent.rebuild_cache(anew=params.anew))

    def _settings(self, _: m.Nothing) -> m.SettingsRows:
        values, defaults = self._control.settings()
        return m.SettingsRows(values, defaults)

    def _setting(self, params: m.SettingKey) -> m.SettingValue:
        return m.SettingValue(params.key, self._control.setting(params.key))

    def _set_setting(self, params: m.SettingValue) -> m.Nothing:
        self._control.set_setting(params.key, params.value)
        return m.Nothing()
