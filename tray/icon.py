"""The light in the panel: six shapes, a ring while working, a sentence as tooltip. GUI thread.

Under StatusNotifierItem an icon that was made before the panel's watcher came never registers, and one whose watcher
restarts is forgotten, although Qt goes on calling it visible. So the session's bus tells of a watcher that comes, and
the icon is made anew. Some panels have no watcher: while there is none at all, it is looked for after half a minute,
and then less and less often.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from tray.model import Model
from tray.widgets.drawing import light_icon

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusServiceWatcher

log = logging.getLogger(__name__)

_LOOK_MS, _LONGEST_MS = 30_000, 600_000
#: Until Qt has noticed the watcher too, and icons made before its time can be made anew.
_AFTER_MS = 700
_WATCHER = "org.kde.StatusNotifierWatcher"
_OPENING = frozenset({QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick})


class TrayIcon(QObject):
    """Keeps one icon in the panel, whenever there is a panel.

    Signals:
        clicked(): the person clicked the icon.
        host_changed(): a panel that shows icons has come or gone; see `is_hosted`.
    """

    clicked = Signal()
    host_changed = Signal()

    def __init__(
        self,
        model: Model,
        menu: QMenu,
        parent: QObject | None = None,
        has_host: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable,
        look_ms: int = _LOOK_MS,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._menu = menu
        self._has_host = has_host
        self.icon: QSystemTrayIcon | None = None
        self.is_hosted = False
        self._look_ms = look_ms
        self._timer = QTimer(self, singleShot=True, interval=look_ms)
        self._timer.timeout.connect(self._look_again)
        self._after = QTimer(self, singleShot=True, interval=min(look_ms, _AFTER_MS))
        self._after.timeout.connect(self.look)
        self._watcher = self._watch()
        model.changed.connect(self._refresh)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._refresh)
        self.look()

    def look(self) -> None:
        """See whether there is a panel now; make the icon anew when one has come."""
        hosted = self._has_host()
        if hosted and not self.is_hosted:
            log.info("a panel that shows icons is there")
            self._make()
        changed, self.is_hosted = hosted != self.is_hosted, hosted
        if hosted:
            self._timer.stop()
            self._timer.setInterval(self._look_ms)
        elif not self._timer.isActive():
            self._timer.start()
        if changed:
            self.host_changed.emit()

    def _look_again(self) -> None:
        self._timer.setInterval(min(2 * self._timer.interval(), _LONGEST_MS))
        self.look()

    def _watch(self) -> "QDBusServiceWatcher | None":
        """Hear of panels that come and go; None where there is no such bus."""
        from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher

        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            return None
        watcher = QDBusServiceWatcher(_WATCHER, bus, QDBusServiceWatcher.WatchModeFlag.WatchForOwnerChange, self)
        watcher.serviceRegistered.connect(self._came)
        watcher.serviceUnregistered.connect(lambda _name: self._after.start())
        return watcher

    def _came(self, _name: str) -> None:
        self.is_hosted = False  # an icon made before is not known to a watcher that has just come
        self._after.start()

    def _make(self) -> None:
        if self.icon is not None:
            self.icon.hide()
            self.icon.deleteLater()
        self.icon = QSystemTrayIcon(self)
        self.icon.setContextMenu(self._menu)
        self.icon.activated.connect(self._activate)
        self._refresh()
        self.icon.show()

    def say(self, title: str, text: str) -> None:
        """Say something in a balloon, where the desktop has no notifications of its own."""
        if self.icon is not None:
            self.icon.showMessage(title, text, self.icon.icon())

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in _OPENING:
            self.clicked.emit()

    def _refresh(self, *_sections: object) -> None:
        if self.icon is None:
            return
        icon = light_icon(self._model.light, QGuiApplication.palette(), self._model.progress)
        if icon.cacheKey() != self.icon.icon().cacheKey():
            self.icon.setIcon(icon)
        tooltip = f"Safelight: {self._model.tooltip}"
        if tooltip != self.icon.toolTip():
            self.icon.setToolTip(tooltip)
