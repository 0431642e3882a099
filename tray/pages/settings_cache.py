"""The media cache in the settings: how large it is, how it is kept, and making what is missing or all. GUI thread.

The numbers are asked for when the page is opened and when a pass has ended; the pass itself is a job of the agent.
"""

from PySide6.QtWidgets import QMessageBox

from agent import words
from agent.protocol.cache import CacheRebuild, CacheStats, CacheWish
from agent.protocol.types import JobRow
from agent.protocol.wire import Error
from agent.words import cache as cache_words
from agent.words.catalogue import _, fill, ngettext
from tray.model import Model, explained
from tray.pages.following import Follow
from tray.widgets.bar import Bar
from tray.widgets.card import Card
from tray.widgets.flow import FlowLayout
from tray.widgets.question import ask
from tray.widgets.settings_form import SettingsForm
from tray.widgets.telling import tell
from tray.widgets.text import Aside, Sentence
from tray.widgets.text_button import TextButton

_GB = 1_000_000_000
_SIZES_PX = (200, 300, 400, 600)


class CacheCard(Card):
    """Numbers, settings, and two buttons."""

    def __init__(self, model: Model, form: SettingsForm) -> None:
        super().__init__(_("Thumbnails"))
        self._model = model
        self.question: QMessageBox | None = None
        self._follow = Follow(model, self)
        self.amount = Sentence(self)
        self.bar = Bar(0.3, self)
        self.bar.setAccessibleName(_("How full the cache is"))
        self.failed = Aside(self)
        for widget in (self.amount, self.bar, self.failed):
            widget.hide()
            self.body.addWidget(widget)
        self._add_settings(form)
        self.said = Sentence(self)
        self.said.hide()
        self.body.addWidget(self.said)
        self._add_buttons()
        self._follow.moved.connect(self._moved)
        self._follow.lost.connect(lambda: self._rest(""))

    def ask_numbers(self) -> None:
        """Ask how large the cache is."""
        self._model.call("cache.stats", None, self._show_numbers, lambda _error: None, owner=self)

    def _show_numbers(self, found: CacheStats) -> None:
        pictures = found.thumbnails
        said = ngettext("{count} thumbnail, {size} of {limit}", "{count} thumbnails, {size} of {limit}", pictures.count)
        limit = words.size(found.limit_bytes)
        self.amount.setText(
            fill(said, {"count": pictures.count, "size": words.size(pictures.size_bytes), "limit": limit})
        )
        self.bar.setValue(min(100, pictures.size_bytes * 100 // found.limit_bytes) if found.limit_bytes else 0)
        gave_none = ngettext("{count} file gave no picture.", "{count} files gave no picture.", found.failed)
        self.failed.setText(fill(gave_none, {"count": found.failed}))
        for widget, is_shown in ((self.amount, True), (self.bar, True), (self.failed, found.failed > 0)):
            widget.setVisible(is_shown)

    # --- A pass ------------------------------------------------------------------------------------------------------

    def _ask_for_all_anew(self) -> None:
        self.question = ask(
            self,
            _("Make all thumbnails anew"),
            _("Throw all thumbnails away and make them anew?"),
            _(
                "Photos and copies are not touched. It can take hours for a large library; until then pictures that "
                "you look at are made one by one."
            ),
            _("&Make anew"),
            lambda: self._begin(anew=True),
        )

    def _begin(self, *, anew: bool) -> None:
        self._work(_("Asking for it …"))
        self._model.call("cache.rebuild", CacheWish(anew), self._begun, self._refused, owner=self)

    def _begun(self, answer: CacheRebuild) -> None:
        self._follow.follow(answer.job_id)

    def _refused(self, error: Error) -> None:
        self._rest(explained(error))

    def _moved(self, row: JobRow) -> None:
        match row.status:
            case "RUNNING":
                self._work(fill(_("Making thumbnails: {percent} %"), {"percent": row.progress}))
            case "PENDING":
                self._work(_("Thumbnails are made as soon as copies and the battery leave room for it."))
            case "COMPLETED":
                self._rest(_ended(row.result or {}))
            case "FAILED":
                self._rest(words.last_error(row.last_error, is_over=True))
            case _:
                self._rest(cache_words.stopped("stop"))
        if not self._follow.is_under_way:
            self.ask_numbers()

    def _work(self, said: str) -> None:
        tell(self.said, said, aloud=False)
        for button in (self.build, self.rebuild):
            button.setEnabled(False)

    def _rest(self, said: str) -> None:
        tell(self.said, said)
        for button in (self.build, self.rebuild):
            button.setEnabled(True)

    # --- What it is made of ------------------------------------------------------------------------------------------

    def _add_settings(self, form: SettingsForm) -> None:
        sizes = [([px], _shown_sizes([px])) for px in _SIZES_PX]
        for row in (
            form.choice("cache_sizes_px", _("Size of a thumbnail"), sizes, say=_shown_sizes),
            form.decimal("cache_limit_bytes", _("Use at most"), (0.01, 10_000), _(" GB"), scale=_GB),
            form.check("cache_nightly", _("Make thumbnails every night")),
            form.time("cache_time", _("Time of the night")),
            form.number("cache_batch_files", _("Files in one go"), (1, 1_000), ""),
        ):
            self.body.addWidget(row)

    def _add_buttons(self) -> None:
        self.build = TextButton(_("&Build now"), self)
        self.build.setAccessibleDescription(_("Makes the thumbnails that are missing."))
        self.rebuild = TextButton(_("Make all a&new …"), self)
        self.build.clicked.connect(lambda: self._begin(anew=False))
        self.rebuild.clicked.connect(self._ask_for_all_anew)
        buttons = FlowLayout(self.fontMetrics().height() // 2)
        buttons.addWidget(self.build)
        buttons.addWidget(self.rebuild)
        self.body.addLayout(buttons)


def _shown_sizes(sizes: list[int]) -> str:
    """`300 px`, or several of them."""
    return ", ".join(fill(_("{number} px"), {"number": px}) for px in sizes)


def _ended(result: dict[str, object]) -> str:
    if result.get("busy"):
        return _("The nightly pass is under way already.")
    done, skipped, failed = (int(str(result.get(name, 0))) for name in ("done", "skipped", "failed"))
    return cache_words.summary(done, skipped, failed)
