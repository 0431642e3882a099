"""Where a key leads in a grid of tiles. Pure."""

from PySide6.QtCore import Qt

from tray.widgets.grid_layout import GridLayout


def moved(layout: GridLayout, current: int, key: Qt.Key, page_rows: int, *, mirrored: bool) -> int | None:
    """The position that a key leads to from `current` (-1: nowhere yet), None for a key that leads nowhere."""
    if not layout.total or key not in _KEYS:
        return None
    if current < 0:
        return layout.total - 1 if key == Qt.Key.Key_End else 0
    sideways = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key)
    rows = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -page_rows, Qt.Key.Key_PageDown: page_rows}
    if sideways is not None:
        return min(max(current + (-sideways if mirrored else sideways), 0), layout.total - 1)
    if key in rows:
        return layout.step(current, rows[key])
    return 0 if key == Qt.Key.Key_Home else layout.total - 1


_KEYS = frozenset(
    {
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
    }
)
