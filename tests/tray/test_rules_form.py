"""The form of a folder's rules: every rule of the protocol has its control, and comes back as it was shown."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from agent.protocol.settings import FolderRules
from tests.tray.widgets_read import clipped, nameless, unreachable
from tray.widgets.rules_form import RulesForm

OTHERS = FolderRules(
    include=("*.jpg",),
    exclude=("Drafts/",),
    recursive=False,
    hidden=True,
    album="Trip",
    stack=True,
    tag=True,
    favorite=True,
    visibility="archive",
    require_unmetered="yes",
    require_charging="no",
)


@pytest.fixture
def form(qtbot: QtBot) -> RulesForm:
    found = RulesForm()
    qtbot.addWidget(found)
    found.show_rules(FolderRules())
    found.show()
    return found


def test_rules_come_back_as_they_were_shown(form: RulesForm) -> None:
    assert form.rules() == FolderRules()
    form.show_rules(OTHERS)
    assert form.rules() == OTHERS
    form.show_rules(FolderRules())
    assert form.rules() == FolderRules()


def _choose(name: str, data: str) -> Callable[[RulesForm], None]:
    def choose(form: RulesForm) -> None:
        combo = getattr(form, name)
        combo.setCurrentIndex(combo.findData(data))

    return choose


def _tick(name: str) -> Callable[[RulesForm], None]:
    return lambda form: getattr(form, name).box.click()


def _name_the_album(form: RulesForm) -> None:
    _choose("album", "one")(form)
    form.album_name.setText(" Trip ")


#: Rule -> what a person does, and what the rule is then.
CONTROLS: dict[str, tuple[Callable[[RulesForm], None], Any]] = {
    "include": (lambda form: form.include.setPlainText("*.jpg\n"), ("*.jpg",)),
    "exclude": (lambda form: form.exclude.setPlainText("Drafts/"), ("Drafts/",)),
    "recursive": (_tick("recursive"), False),
    "hidden": (_tick("hidden"), True),
    "album": (_name_the_album, "Trip"),
    "stack": (_tick("stack"), True),
    "tag": (_tick("tag"), True),
    "favorite": (_tick("favorite"), True),
    "visibility": (_tick("archive"), "archive"),
    "require_unmetered": (_choose("unmetered", "yes"), "yes"),
    "require_charging": (_choose("charging", "no"), "no"),
}


def test_every_rule_has_its_control() -> None:
    assert CONTROLS.keys() == {*FolderRules.__struct_fields__}


@pytest.mark.parametrize("rule", CONTROLS)
def test_a_control_changes_its_rule_and_no_other(rule: str, form: RulesForm, qtbot: QtBot) -> None:
    do, value = CONTROLS[rule]
    with qtbot.waitSignal(form.edited):
        do(form)
    assert form.rules() == msgspec.structs.replace(FolderRules(), **{rule: value})


def test_every_control_has_a_name_a_place_in_the_row_of_tab_and_room(form: RulesForm, qtbot: QtBot) -> None:
    form.resize(600, form.heightForWidth(600))
    qtbot.wait(20)
    assert nameless(form) == []
    assert unreachable(form) == []
    assert clipped(form) == []
