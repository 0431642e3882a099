"""One watched folder as a card: its path, how it stands, its rules in words, and what can be done with it."""

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QWidget

from agent import words
from agent.protocol.settings import FolderRules, FolderSetting
from agent.protocol.types import Counts, Folder, Light
from agent.words.catalogue import _, fill, ngettext
from tray.widgets.bar import Bar
from tray.widgets.card import Card
from tray.widgets.drawing import light_colour
from tray.widgets.marked_row import MarkedRow
from tray.widgets.text import Aside, BreakableSentence


class FolderCard(Card):
    """Shows one folder; its buttons are wired by the page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.path = ""
        self._row = MarkedRow(self)
        self._counts = Aside(self)
        self._rules = Aside(self)
        self._bar = Bar(0.3, self)
        self._warnings = BreakableSentence(self)
        self._warnings.hide()
        for widget in (self._counts, self._bar, self._rules, self._warnings):
            self._row.add_line(widget)
        self.back_up = self._row.add_button(_("&Back up now"))
        self.change = self._row.add_button(_("&Change …"))
        self.open = self._row.add_button(_("&Open"))
        self.remove = self._row.add_button(_("Stop &watching …"))
        self.body.addWidget(self._row)

    def show_folder(self, folder: Folder, setting: FolderSetting | None, names: Mapping[str, str]) -> None:
        """Show this folder; `setting` is None until it was asked for, `names` are the destinations' by id."""
        self.path = folder.path
        shown = words.display_path(folder.path)
        self.setAccessibleName(shown)
        self._row.call_it(shown)
        counts = folder.counts
        light = _light(folder)
        self._row.mark.show_mark("folder", light_colour(light, self.palette()) if light else None)
        away = _("Not there now: connect the drive or the share.")
        self._counts.setText(_counts(counts) if folder.available else away)
        self._bar.setVisible(counts.total > 0)
        self._bar.setValue(counts.safe * 100 // counts.total if counts.total else 0)
        self._bar.setAccessibleName(fill(_("Safe in {path}"), {"path": shown}))
        self._rules.setText(" · ".join(_rules(setting, names)) if setting else "")
        self.change.setEnabled(setting is not None)
        for button in (self.back_up, self.open):
            button.setEnabled(folder.available)

    def show_warnings(self, sentences: Sequence[str]) -> None:
        """Show these, a line each; none takes no room."""
        self._warnings.setText("\n".join(sentences))
        self._warnings.setVisible(bool(sentences))


def _light(folder: Folder) -> Light | None:
    if not folder.available or folder.counts.failed:
        return "attention"
    return "safe" if 0 < folder.counts.total == folder.counts.safe else None


def safe_of(counts: Counts) -> str:
    """How many of a folder's files are safe."""
    if not counts.total:
        return _("No photos or videos")
    said = ngettext("{safe} of {total} file is safe", "{safe} of {total} files are safe", counts.total)
    return fill(said, {"safe": counts.safe, "total": counts.total})


def _counts(counts: Counts) -> str:
    said = [safe_of(counts)]
    for number, sentence in (
        (counts.queued + counts.uploading, ngettext("{count} waiting", "{count} waiting", counts.queued)),
        (counts.failed, ngettext("{count} failed", "{count} failed", counts.failed)),
        (counts.excluded, ngettext("{count} left out", "{count} left out", counts.excluded)),
    ):
        if number:
            said.append(fill(sentence, {"count": number}))
    return " · ".join(said)


def _rules(setting: FolderSetting, names: Mapping[str, str]) -> list[str]:
    rules = setting.rules
    if not setting.destinations:
        said = [_("goes to every destination")]
    else:
        there = [names[identity] for identity in setting.destinations if identity in names]
        said = [fill(_("goes to {names}"), {"names": ", ".join(there)}) if there else _("goes nowhere now")]
    usual = FolderRules()
    for differs, sentence in (
        (rules.recursive != usual.recursive, _("without subfolders")),
        (rules.hidden, _("with hidden files")),
        (bool(rules.include), fill(_("only {patterns}"), {"patterns": ", ".join(rules.include)})),
        (bool(rules.exclude), fill(_("without {patterns}"), {"patterns": ", ".join(rules.exclude)})),
        (rules.album == "folder", _("albums named like the folders")),
        (rules.album not in {"none", "folder"}, fill(_("into the album {name}"), {"name": rules.album})),
        (rules.tag, _("tagged with the folders")),
        (rules.stack, _("RAW and JPEG stacked")),
        (rules.favorite, _("as favourites")),
        (rules.visibility == "archive", _("into the archive")),
        (rules.require_unmetered == "yes", _("never over a metered network")),
        (rules.require_unmetered == "no", _("over a metered network too")),
        (rules.require_charging == "yes", _("only while charging")),
        (rules.require_charging == "no", _("on battery too")),
    ):
        if differs:
            said.append(sentence)
    return said
