"""Step 3: what is kept safe. Pictures and Videos are suggested, each with how much it holds."""

import os
from collections.abc import Callable, Sequence

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from agent import words
from agent.protocol.methods import FolderAdd, FolderPreview
from agent.protocol.paths import to_wire
from agent.protocol.types import Preview
from agent.protocol.wire import Error
from agent.words.catalogue import _
from tray.model import Model, explained
from tray.widgets.choosing import choose_folder
from tray.widgets.labelled import name_button
from tray.widgets.preview_card import total_of
from tray.widgets.text import Aside
from tray.widgets.text_button import TextButton
from tray.wizard.step import Step


def usual_folders() -> list[str]:
    """Where this system keeps a person's pictures and videos, where they are there."""
    kinds = (QStandardPaths.StandardLocation.PicturesLocation, QStandardPaths.StandardLocation.MoviesLocation)
    found = [QStandardPaths.writableLocation(kind) for kind in kinds]
    home = os.path.normpath(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.HomeLocation))
    return [path for path in dict.fromkeys(found) if os.path.isdir(path) and os.path.normpath(path) != home]


class _Offer(QWidget):
    """A folder that may be watched: a box, and what it holds."""

    def __init__(self, path: str) -> None:
        """`path` as wire text."""
        super().__init__()
        self.path = path
        self.box = QCheckBox(words.display_path(path).replace("&", "&&"), self)
        name_button(self.box)
        self.detail = Aside(self)
        self.detail.setText(_("Counting …"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.box)
        column.addWidget(self.detail)
        self.detail.setContentsMargins(self.box.iconSize().width() + column.spacing() * 4, 0, 0, 0)

    def say(self, sentence: str) -> None:
        """What there is to know of the folder."""
        self.detail.setText(sentence)
        self.box.setAccessibleDescription(sentence)


class FoldersStep(Step):
    """Adds every folder that is ticked, one after the other."""

    def __init__(
        self,
        model: Model,
        usual: Callable[[], Sequence[str]] = usual_folders,
        choose: Callable[[QWidget], str] = choose_folder,
    ) -> None:
        super().__init__(
            model,
            _("Which folders shall be kept safe?"),
            _("Everything in them, now and in the future. Nothing in them is ever changed."),
        )
        self._usual = usual
        self._choose = choose
        self.offers: list[_Offer] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(self.fontMetrics().height() // 2)
        self.add = TextButton(_("&Another folder …"), self)
        self.add.clicked.connect(self._ask_for_folder)
        self.column.addLayout(self._rows)
        self.column.addWidget(self.add)
        self.close_column()

    def enter(self) -> None:
        if self.offers:
            return
        watched = [folder.path for folder in self.model.snapshot.folders] if self.model.snapshot else []
        usual = [to_wire(os.fsencode(path)) for path in self._usual()]
        for path in dict.fromkeys([*watched, *usual]):
            self._offer(path).box.setEnabled(path not in watched)

    def may_proceed(self) -> bool:
        return any(offer.box.isChecked() for offer in self.offers)

    def proceed(self) -> None:
        self.say(_("Adding the folders …"), busy=True)
        self._add_next([offer for offer in self.offers if offer.box.isChecked() and offer.box.isEnabled()])

    def _add_next(self, left: list[_Offer]) -> None:
        if not left:
            self.go_on()
            return
        first, *others = left
        self.model.call(
            "folder.add",
            FolderAdd(first.path),
            lambda _preview: self._add_next(others),
            lambda error: self._not_added(first, others, error),
            owner=self,
        )

    def _not_added(self, offer: _Offer, others: list[_Offer], error: Error) -> None:
        if error.message == "folder_exists":  # a second try after another folder was refused
            self._add_next(others)
            return
        offer.box.setChecked(False)
        offer.say(explained(error))
        self.say(_("Not every folder could be added. Correct it, or go on without."))

    def _offer(self, path: str) -> _Offer:
        offer = _Offer(path)
        offer.box.setChecked(True)
        offer.box.toggled.connect(self.changed)
        self.offers.append(offer)
        self._rows.addWidget(offer)
        self.model.call(
            "folder.preview",
            FolderPreview(path),
            lambda found: _show(offer, found),
            lambda error: offer.say(explained(error)),
            owner=offer,
        )
        self.changed.emit()
        return offer

    def _ask_for_folder(self) -> None:
        chosen = self._choose(self)
        path = to_wire(os.fsencode(chosen)) if chosen else ""
        known = next((offer for offer in self.offers if offer.path == path), None)
        if known:
            known.box.setChecked(True)
        elif path:
            self._offer(path)


def _show(offer: _Offer, found: Preview) -> None:
    said = [total_of(found), *(words.warning(code) for code in found.warnings)]
    offer.say(" · ".join(said))
