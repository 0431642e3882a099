"""How sections become the snapshot that a client keeps."""

import pytest

from agent.protocol.merge import merge, sections
from agent.protocol.types import Changes, Counts, Jobs, Library
from tests.fakes.agent import changes_of
from tests.fakes.scenes import SAFE, WORKING


def test_the_first_message_is_the_snapshot() -> None:
    assert merge(None, changes_of(SAFE)) == SAFE


def test_a_section_replaces_its_own_and_the_revision_moves() -> None:
    library = Library(Counts(3, 2))
    merged = merge(SAFE, Changes(9, library=library))
    assert (merged.revision, merged.library, merged.folders) == (9, library, SAFE.folders)


def test_a_run_that_ended_is_a_change_and_not_an_absence() -> None:
    ended = Changes(9, run=None)
    assert sections(ended) == {"run"}
    assert merge(WORKING, ended).run is None


def test_a_default_section_that_was_sent_counts_as_sent() -> None:
    assert sections(Changes(9, jobs=Jobs(), settings_revision=0)) == {"jobs", "settings_revision"}


def test_parts_without_a_whole_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"lack agent, .*transfers"):
        merge(None, Changes(9, backup=SAFE.backup))
