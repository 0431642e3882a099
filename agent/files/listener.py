"""Who is told what no event of watchdog tells, alike for every system: see `inotify`, `fsevents` and `winapi` here."""

from typing import Protocol


class Listener(Protocol):
    """Called on the thread that reads, or the one that arms; must be quick and must not raise."""

    def on_overflow(self) -> None:
        """Events were lost; watching goes on."""

    def on_limit(self, path: bytes) -> None:
        """The system gives no more watches, not even for this folder."""

    def on_unmounted(self, path: bytes) -> None:
        """Nothing is heard of this root any more: its file system is gone, or the system refused to go on."""

    def on_dead(self) -> None:
        """The reading thread of all roots has ended by an error."""
