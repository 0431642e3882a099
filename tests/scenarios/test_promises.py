"""Every promise of the engine is proven by a story or a test, and every proof that is named is there.

Reads `promises.toml` and the chapters; looks for tests in the source, and runs none of them.
"""

import ast
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
#: How many promises each system made.
SYSTEMS = {"S1": 14, "S2": 12, "S3": 6}

Told = Mapping[str, Any]


@cache
def _read() -> Told:
    return tomllib.loads((HERE / "promises.toml").read_text(encoding="utf-8"))


@cache
def _stories() -> tuple[Told, ...]:
    chapters = sorted(HERE.glob("[0-9]_*.toml"))
    return tuple(story for path in chapters for story in tomllib.loads(path.read_text(encoding="utf-8"))["story"])


def unproven(promises: Sequence[Told], stories: Iterable[Told]) -> list[str]:
    """Promises that neither a story nor anything else proves."""
    told = {one for story in stories for one in story.get("proves", ())}
    return [one["id"] for one in promises if one["id"] not in told and not one.get("shown_by")]


def astray(promises: Sequence[Told], stories: Iterable[Told]) -> list[str]:
    """Stories that prove nothing, or what nobody promised."""
    known = {one["id"] for one in promises}
    return [
        f"{story['title']}: {', '.join(strange) or 'proves nothing'}"
        for story in stories
        if (strange := [one for one in story.get("proves", ()) if one not in known]) or not story.get("proves")
    ]


def nowhere(places: Iterable[str]) -> list[str]:
    """Places (`path::function`) that are not in the source."""
    return [place for place in places if not _is_there(place)]


def _is_there(place: str) -> bool:
    path, _, name = place.partition("::")
    is_proof = name.startswith("test_") or (path.startswith("tests/bench/") and name == "run")
    return is_proof and name in _functions(path)


@cache
def _functions(path: str) -> frozenset[str]:
    file = CHECKOUT / path
    if not file.is_file():
        return frozenset()
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return frozenset(one.name for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def test_all_promises_are_listed_once() -> None:
    wanted = [f"{system}.{number}" for system, count in SYSTEMS.items() for number in range(1, count + 1)]
    assert [one["id"] for one in _read()["promise"]] == wanted


def test_every_promise_is_proven() -> None:
    assert unproven(_read()["promise"], _stories()) == []


def test_every_story_proves_what_was_promised() -> None:
    assert astray(_read()["promise"], _stories()) == []


def test_every_proof_that_is_named_is_there() -> None:
    assert nowhere(place for one in (*_read()["promise"], *_read()["fault"]) for place in one.get("shown_by", ())) == []


@pytest.mark.parametrize("fault", _read()["fault"], ids=lambda fault: str(fault["is"]))
def test_each_fault_of_others_has_its_story(fault: Told) -> None:
    titles = {story["title"] for story in _stories()}
    assert [title for title in fault.get("stories", ()) if title not in titles] == []
    assert fault.get("stories") or fault.get("shown_by")


def test_a_planted_gap_is_found() -> None:
    promises: list[Told] = [{"id": "S1.1", "shown_by": []}, {"id": "S1.2"}, {"id": "S1.3", "shown_by": ["x"]}]
    stories: list[Told] = [
        {"title": "good", "proves": ["S1.2"]},
        {"title": "lost", "proves": ["S9.9"]},
        {"title": "idle"},
    ]
    assert unproven(promises, stories) == ["S1.1"]
    assert astray(promises, stories) == ["lost: S9.9", "idle: proves nothing"]
    here = "tests/scenarios/test_promises.py"
    places = [
        f"{here}::test_a_planted_gap_is_found",
        f"{here}::test_not_there",
        f"{here}::nowhere",
        "tests/no.py::test",
    ]
    assert nowhere(places) == places[1:]
