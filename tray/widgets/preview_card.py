"""What a folder and its rules come to: how much would be backed up, what is left out, and what deserves a word."""

from PySide6.QtWidgets import QWidget

from agent import words
from agent.protocol.types import Preview
from agent.words.catalogue import _, fill, ngettext
from tray.widgets.card import Card
from tray.widgets.fact_row import FactRow
from tray.widgets.row_list import RowList
from tray.widgets.text import Aside, Sentence, style_as_headline


class PreviewCard(Card):
    """Says that it counts until it is told what was found."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setAccessibleName(_("Preview"))
        self.total = Sentence(self)
        style_as_headline(self.total)
        self.left_out = Aside(self)
        self.samples = Aside(self)
        self.warnings: RowList[FactRow] = RowList(FactRow)
        for widget in (self.total, self.left_out, self.samples, self.warnings):
            self.body.addWidget(widget)
        self.show_counting()

    def show_counting(self) -> None:
        """The folder is being looked through."""
        self.total.setText(_("Counting …"))
        self._show_more("", "", ())

    def show_mistake(self, sentence: str) -> None:
        """Why there is nothing to show."""
        self.total.setText(_("This folder cannot be looked through."))
        self._show_more(sentence, "", ())

    def show_preview(self, found: Preview) -> None:
        """What was found."""
        self.total.setText(total_of(found))
        out = left_out(found)
        samples = ", ".join(found.samples)
        self._show_more(
            fill(_("Left out: {things}."), {"things": out}) if out else "",
            fill(_("For example {names}"), {"names": samples}) if samples else "",
            found.warnings,
        )

    def _show_more(self, out: str, samples: str, warnings: tuple[str, ...]) -> None:
        for label, text in ((self.left_out, out), (self.samples, samples)):
            label.setText(text)
            label.setVisible(bool(text))
        self.warnings.show_items(warnings, lambda row, code: row.show_fact("mark-warning", None, words.warning(code)))
        self.warnings.setVisible(bool(warnings))


def total_of(found: Preview) -> str:
    """How many files and how much: `1,204 photos and videos, 8.3 GB`."""
    if not found.files:
        return _("No photos or videos")
    return fill(
        ngettext("{count} photo or video, {size_bytes}", "{count} photos and videos, {size_bytes}", found.files),
        {"count": found.files, "size_bytes": found.bytes},
    )


def left_out(found: Preview) -> str:
    """What is not taken and why: `12 hidden, 40 no photo or video`; empty where nothing is left out."""
    return ", ".join(_left_out(code, count) for code, count in sorted(found.excluded.items()) if count)


def _left_out(code: str, count: int) -> str:
    sentence = {
        "hidden": ngettext("{count} hidden", "{count} hidden", count),
        "excluded": ngettext("{count} by a pattern", "{count} by a pattern", count),
        "not_included": ngettext("{count} that fits no pattern", "{count} that fit no pattern", count),
        "subfolder": ngettext("{count} in subfolders", "{count} in subfolders", count),
        "unsupported": ngettext("{count} that is no photo or video", "{count} that are no photos or videos", count),
        "empty": ngettext("{count} empty", "{count} empty", count),
    }.get(code, _("{count} for other reasons"))
    return fill(sentence, {"count": count})
