"""The form of a folder's rules: what it has no control for is not lost by editing the rest."""

from pytestqt.qtbot import QtBot

from agent.protocol.settings import FolderRules
from tray.widgets.rules_form import RulesForm


def test_rules_that_the_form_does_not_show_come_back_as_they_were(qtbot: QtBot) -> None:
    form = RulesForm()
    qtbot.addWidget(form)
    rules = FolderRules(
        include=("*.jpg",), album="Trip", stack=True, tag=True, favorite=True, visibility="archive", hidden=True
    )
    form.show_rules(rules)
    assert form.rules() == rules
    form.stack.box.setChecked(False)
    assert (form.rules().stack, form.rules().favorite, form.rules().visibility) == (False, True, "archive")
