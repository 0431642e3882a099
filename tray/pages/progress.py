"""What goes on now: the run as one bar with its numbers, every file in flight, and a way to end it. GUI thread."""

from agent import words
from agent.protocol.types import Run, Snapshot, Transfer
from agent.words.catalogue import _, fill, ngettext
from tray.widgets.bar import Bar
from tray.widgets.card import Card
from tray.widgets.progress_row import ProgressRow
from tray.widgets.row_list import RowList
from tray.widgets.text import Aside
from tray.widgets.text_button import TextButton


class ProgressCard(Card):
    """There while a run goes on."""

    def __init__(self) -> None:
        super().__init__(_("Now"))
        self.total = Bar(0.55, self)
        self.total.setAccessibleName(_("Total progress"))
        self.facts = Aside(self)
        self.facts.setContentsMargins(0, 0, 0, self.fontMetrics().height() // 3)
        self.transfers: RowList[ProgressRow] = RowList(ProgressRow)
        self.cancel = TextButton(_("&Cancel “Back up now”"), self)
        for widget in (self.total, self.facts, self.transfers, self.cancel):
            self.body.addWidget(widget)
        self.hide()

    def show_run(self, snapshot: Snapshot | None) -> None:
        """Show the run and its transfers, or nothing where there is none."""
        run = snapshot.run if snapshot else None
        self.setVisible(run is not None)
        if snapshot is None or run is None:
            return
        self.cancel.setVisible(snapshot.backup.asked)
        self.total.setValue(run.progress)
        self.facts.setText(_facts(run))
        names = {destination.id: destination.name for destination in snapshot.destinations}
        several = len(names) > 1

        def fill_row(row: ProgressRow, transfer: Transfer) -> None:
            detail = [words.size(transfer.size_bytes), fill(_("{percent} %"), {"percent": transfer.progress})]
            if several:
                detail.insert(0, names.get(transfer.destination, transfer.destination))
            row.show_progress(transfer.path, " · ".join(detail), transfer.progress)

        self.transfers.show_items(snapshot.transfers, fill_row)
        self.transfers.setVisible(bool(snapshot.transfers))


def _facts(run: Run) -> str:
    said = [
        fill(
            ngettext("{completed} of {total} file", "{completed} of {total} files", run.total),
            {"completed": run.completed, "total": run.total},
        ),
        fill(_("{done_bytes} of {total_bytes}"), {"done_bytes": run.bytes_done, "total_bytes": run.bytes_total}),
    ]
    if run.bytes_per_second > 0:
        said.append(words.rate(run.bytes_per_second))
    left_s = words.seconds_left(run)
    if left_s is not None:
        said.append(words.time_left(left_s))
    if run.failed:
        said.append(fill(ngettext("{count} failed", "{count} failed", run.failed), {"count": run.failed}))
    return " · ".join(said)
