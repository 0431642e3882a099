"""Every text in every language: none missing, none that lost a value, a command, a key or its edges on the way."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural

from agent import words
from agent.words.catalogue import _, fill, ngettext
from installers import translations
from installers.compile_locale import compile_locale

#: What must stay as it is: a command in quotes, an option, a variable, a link, a name with dots or underscores.
_FIXED = re.compile(
    r"'safelight [^']*'|(?<![\w-])--[a-z][a-z-]+|\b[A-Z]+_[A-Z_]+\b|https?://photos\.\S+\w|\w+\.\w+_\w+"
)
#: Keys of the keyboard that open a menu's entry or a button: in Chinese in brackets behind it.
_KEY = re.compile(r"&(?=\w)")
_SPEAKING = {"_", "ngettext", "pgettext"}
_ENDS = {".": ".。", "…": "…", ":": ":\uff1a", "?": "?\uff1f"}


def key(message: Message) -> tuple[str | None, tuple[str, ...]]:
    """What makes a text one of its own: its context and its English."""
    return message.context, english(message)


def english(message: Message) -> tuple[str, ...]:
    return translations.forms(message.id)


def foreign(message: Message) -> tuple[str, ...]:
    return translations.forms(message.string)


def names(text: str) -> set[str]:
    """The values that a sentence takes. Raises `ValueError` for a lone brace."""
    return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None}


@pytest.fixture(scope="module")
def template() -> Catalog:
    return translations.collect()


@pytest.fixture(scope="module", params=translations.LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return translations.read(request.param)


@pytest.fixture(scope="module")
def pairs(catalogue: Catalog) -> list[tuple[Message, str, str]]:
    """Each text with its English and the other, plural forms one by one with the English form they are nearest to."""
    found = []
    for message in catalogue:
        forms = english(message) if message.id else ()
        found += [(message, forms[min(at, len(forms) - 1)], text) for at, text in enumerate(foreign(message)) if forms]
    return found


def test_the_template_has_exactly_the_texts_of_the_code(template: Catalog) -> None:
    kept = translations.read_template()
    assert {key(one) for one in kept} == {key(one) for one in template}, "run 'make translations'"


def test_each_language_has_exactly_the_texts_of_the_code(catalogue: Catalog, template: Catalog) -> None:
    assert {key(one) for one in catalogue} == {key(one) for one in template}, "run 'make translations'"
    assert not catalogue.obsolete


def test_nothing_is_missing_or_a_guess(catalogue: Catalog) -> None:
    assert [one.id for one in catalogue if one.id and not all(foreign(one))] == []
    assert [one.id for one in catalogue if one.fuzzy and one.id] == []


def test_each_text_has_the_plural_forms_of_its_language(catalogue: Catalog) -> None:
    plural = get_plural(catalogue.locale_identifier)
    assert catalogue.num_plurals == plural.num_plurals
    assert catalogue.plural_expr == plural.plural_expr
    wrong = [one.id for one in catalogue if one.pluralizable and len(foreign(one)) != plural.num_plurals]
    assert wrong == []


def test_values_keep_their_names(catalogue: Catalog) -> None:
    wrong = []
    for one in catalogue:
        if not one.id or not all(foreign(one)):
            continue  # the test above tells
        forms = [names(text) for text in foreign(one)]
        known = set.union(*(names(text) for text in english(one)))
        # 'One photo' may become '{count} photo' or the other way round; the form for many takes what the English takes
        if forms[-1] != names(english(one)[-1]) or any(form - known for form in forms):
            wrong.append((one.id, one.string))
    assert wrong == []


def test_commands_options_and_addresses_stay_as_they_are(pairs: list[tuple[Message, str, str]]) -> None:
    def fixed(text: str) -> list[str]:
        return sorted(_FIXED.findall(text))

    lost = [(text, there) for _one, text, there in pairs if fixed(text) != fixed(there)]
    assert lost == []


def test_the_edges_of_a_text_stay_as_they_are(pairs: list[tuple[Message, str, str]]) -> None:
    def edges(text: str) -> tuple[str, str]:
        return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]

    assert [(text, there) for _one, text, there in pairs if edges(text) != edges(there)] == []


def test_a_sentence_ends_like_the_english_one(pairs: list[tuple[Message, str, str]]) -> None:
    wrong = []
    for _one, text, there in pairs:
        end = text.rstrip()[-1:]
        bare = re.sub(r"\(&\w\)", "", there).rstrip()
        if end in _ENDS and bare[-1:] not in _ENDS[end]:
            wrong.append((text, there))
    assert wrong == []


def test_what_a_key_opens_is_opened_by_one_key_everywhere(pairs: list[tuple[Message, str, str]]) -> None:
    wrong = [(text, there) for _one, text, there in pairs if len(_KEY.findall(text)) != len(_KEY.findall(there))]
    assert wrong == []


def test_keys_that_differ_on_a_page_differ_in_every_language(catalogue: Catalog) -> None:
    """Where two entries of one source open with different keys, nobody must press twice because of the language."""
    opened: dict[str, list[tuple[str, str, str]]] = {}
    for one in catalogue:
        for text, there in zip(english(one), foreign(one), strict=False):
            if (ours := _KEY.search(text)) and (theirs := _KEY.search(there)):
                keys = text[ours.end()].lower(), there[theirs.end()].lower()
                for file, _line in one.locations:
                    opened.setdefault(file, []).append((*keys, there))
    clashes = [
        (file, one[2], two[2])
        for file, entries in opened.items()
        for one, two in combinations(entries, 2)
        if one[0] != two[0] and one[1] == two[1]
    ]
    assert clashes == []


def test_the_files_say_nothing_of_the_machine_they_were_made_on() -> None:
    for path in (translations.LOCALE / "safelight.pot", *map(translations.po_file, translations.LANGUAGES)):
        text = path.read_text("utf-8")
        assert not re.search(r"^#: .*(:\d+| /)", text, re.MULTILINE)
        assert "Date:" not in text


# --- Spoken ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The translations as the build compiles them."""
    folder = tmp_path_factory.mktemp("locale")
    for language in translations.LANGUAGES:
        target = folder / language / "LC_MESSAGES" / "safelight.po"
        target.parent.mkdir(parents=True)
        target.write_bytes(translations.po_file(language).read_bytes())
    compile_locale(folder)
    return folder


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    words.use(None)


@pytest.mark.parametrize(
    ("language", "none", "one", "many"),
    [
        ("de", "0 Tage", "1 Tag", "12.431 Tage"),
        ("es", "0 días", "1 día", "12.431 días"),
        ("fr", "0 jour", "1 jour", "12\u202f431 jours"),
        ("zh_CN", "0 天", "1 天", "12,431 天"),
    ],
)
def test_each_language_counts_in_its_own_way(compiled: Path, language: str, none: str, one: str, many: str) -> None:
    words.use(language, str(compiled))

    def days(count: int) -> str:
        return fill(ngettext("{count} day", "{count} days", count), {"count": count})

    assert [days(0), days(1), days(12_431)] == [none, one, many]


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "3,2 MB"), ("es", "3,2 MB"), ("fr", "3,2 Mo"), ("zh_CN", "3.2 MB")],
)
def test_sizes_are_written_as_in_the_language(compiled: Path, language: str, said: str) -> None:
    words.use(language, str(compiled))
    assert words.size(3_200_000) == said


def test_every_language_speaks_what_the_build_compiled(compiled: Path) -> None:
    said = set()
    for language in translations.LANGUAGES:
        words.use(language, str(compiled))
        assert words.spoken() == language
        said.add(_("The background agent is not running."))
    assert len(said) == len(translations.LANGUAGES)


@pytest.mark.parametrize(
    ("variable", "language", "said"),
    [
        ("LANGUAGE", "nl:fr:de", "L\u2019agent en arri\u00e8re-plan ne fonctionne pas."),
        ("LC_ALL", "de_AT.UTF-8", "Der Hintergrunddienst l\u00e4uft nicht."),
        ("LANG", "en_GB.UTF-8", "The background agent is not running."),
    ],
)
def test_the_command_speaks_the_person_s_language(home: Path, variable: str, language: str, said: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"LC_ALL", "LANG", "LANGUAGE"}}
    done = subprocess.run(
        [sys.executable, "-m", "agent", "status"],
        env={**environment, "PYTHONUTF8": "1", variable: language},
        cwd=translations.ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr.startswith(said)) == (3, True), done.stderr


# --- In the code -----------------------------------------------------------------------------------------------------


def spoken_at_import(tree: ast.Module) -> Iterator[int]:
    """Lines where a text is translated while its module is loaded, before the language is known."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SPEAKING:
            yield node.lineno
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Lambda):
                continue
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):  # its body runs later, its defaults do not
                waiting += [*child.decorator_list, *child.args.defaults, *filter(None, child.args.kw_defaults)]
            else:
                waiting.append(child)


def test_no_text_is_translated_before_the_language_is_known() -> None:
    """The command's modules are loaded after it; those of words and the tray before."""
    early = [
        f"{path.relative_to(translations.ROOT)}:{line}"
        for room in ("agent/words", "tray")
        for path in sorted((translations.ROOT / room).rglob("*.py"))
        for line in spoken_at_import(ast.parse(path.read_text("utf-8")))
    ]
    assert early == [], "mark it with N_ and translate it where it is shown"


def test_a_text_translated_too_early_is_found() -> None:
    early = ast.parse("def f(a=_('x')):\n    _('y')\nclass C:\n    title = _('z')\nl = lambda: _('w')\n")
    assert sorted(spoken_at_import(early)) == [1, 4]
