"""Adding a folder or changing its rules, with a live count of what they take. GUI thread; never waits."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from agent import words
from agent.protocol import wire
from agent.protocol.methods import FolderAdd, FolderPreview, FolderSet
from agent.protocol.settings import FolderSetting
from agent.protocol.types import Preview
from agent.words.catalogue import _
from tray.model import Model, explained
from tray.widgets.labelled import close_by
from tray.widgets.preview_card import PreviewCard
from tray.widgets.rules_form import PlacesForm, RulesForm
from tray.widgets.telling import tell
from tray.widgets.text import Sentence, style_as_headline

_REST_MS = 400
_WIDTH_EM, _HEIGHT_EM = 40, 42


class FolderDialog(QDialog):
    """One folder: new, or watched already. Closes itself when the agent has accepted."""

    def __init__(self, model: Model, setting: FolderSetting, *, is_new: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._setting = setting
        self._is_new = is_new
        self._asked = 0
        self.setWindowTitle(_("Add a folder") if is_new else _("Change a folder"))
        self.preview = PreviewCard(self)
        self.places = PlacesForm(self)
        self.rules = RulesForm(self)
        self.error = Sentence(self)
        self.error.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.accept_button = self.buttons.addButton(
            _("&Add folder") if is_new else _("&Save"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        close_by(self.buttons, self.accept_button)
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._arrange()
        self._connect()
        snapshot = model.snapshot
        known = [(one.id, one.name) for one in snapshot.destinations] if snapshot else []
        self.places.show_choice(known, setting.destinations)
        self.rules.show_rules(setting.rules)
        self.count()

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(em * _WIDTH_EM, em * _HEIGHT_EM)

    def count(self) -> None:
        """Ask what the rules take now; only the last answer counts."""
        self._asked += 1
        self.preview.show_counting()
        self._model.call(
            "folder.preview",
            FolderPreview(self._setting.path, self.rules.rules()),
            self._only_last(self._found, self._asked),
            self._only_last(self._not_found, self._asked),
            owner=self,
        )

    def _only_last(self, do: Callable[[object], None], asked: int) -> Callable[[object], None]:
        return lambda answer: do(answer) if asked == self._asked else None

    def _found(self, found: object) -> None:
        if isinstance(found, Preview):
            self.preview.show_preview(found)

    def _not_found(self, error: object) -> None:
        if isinstance(error, wire.Error):
            self.preview.show_mistake(explained(error))

    def _save(self) -> None:
        self.error.hide()
        self.accept_button.setEnabled(False)
        path, places, rules = self._setting.path, self.places.choice(), self.rules.rules()
        if self._is_new:
            self._model.call("folder.add", FolderAdd(path, places, rules), self._saved, self._not_saved, owner=self)
        else:
            self._model.call("folder.set", FolderSet(path, places, rules), self._saved, self._not_saved, owner=self)

    def _saved(self, _answer: object) -> None:
        self.accept()

    def _not_saved(self, error: wire.Error) -> None:
        tell(self.error, explained(error))
        self.accept_button.setEnabled(True)

    def _edited(self) -> None:
        lacking = self.places.lacking() or self.rules.lacking()
        tell(self.error, lacking, aloud=False)
        self.accept_button.setEnabled(not lacking)

    def _connect(self) -> None:
        self.rules.selection_edited.connect(self._rest.start)
        self._rest.timeout.connect(self.count)
        for form in (self.places, self.rules):
            form.edited.connect(self._edited)
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        title = Sentence(self)
        title.setText(words.display_path(self._setting.path))
        style_as_headline(title)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em)
        for widget in (title, self.preview, self.places, self.rules):
            column.addWidget(widget)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(inner.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
        scroll.setWidget(inner)
        foot = QVBoxLayout()
        foot.setContentsMargins(em, 0, em, em // 2)
        foot.addWidget(self.error)
        foot.addWidget(self.buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll, 1)
        outer.addLayout(foot)
