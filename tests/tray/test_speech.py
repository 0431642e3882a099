"""The tray speaks the person's language, and Qt with it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QApplication, QDialogButtonBox
from pytestqt.qtbot import QtBot

from agent import words
from tray.speech import speak, teach_qt


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    """The language that the test names, chosen by the environment."""
    monkeypatch.delenv("LC_ALL")
    monkeypatch.setenv("LANG", request.param)
    known = set(qapp.findChildren(QTranslator))
    speak()
    teach_qt(qapp)
    yield
    for translator in set(qapp.findChildren(QTranslator)) - known:
        QCoreApplication.removeTranslator(translator)
    words.use(None)


@pytest.mark.parametrize(
    ("chosen", "said", "cancel"),
    [
        ("de_AT.UTF-8", "Der Hintergrunddienst läuft nicht.", "Abbrechen"),
        ("es_MX.UTF-8", "El agente en segundo plano no está en marcha.", "Cancelar"),
        ("fr_CA.UTF-8", "L’agent en arrière-plan ne fonctionne pas.", "Annuler"),
        ("zh_CN.UTF-8", "后台服务未在运行。", "取消"),
        ("en_GB.UTF-8", "The background agent is not running.", "Cancel"),
        ("nl_NL.UTF-8", "The background agent is not running.", "Cancel"),
    ],
    indirect=["chosen"],
)
def test_our_texts_and_those_of_qt_agree(chosen: None, said: str, cancel: str, qtbot: QtBot) -> None:
    assert words.not_running() == said
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert box.button(QDialogButtonBox.StandardButton.Cancel).text().replace("&", "") == cancel
