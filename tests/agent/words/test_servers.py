"""Sentences about servers: what is left there, and an address that is silent."""

import pytest

from agent.words import silent_address, space

GB = 1_000_000_000


@pytest.mark.parametrize(
    ("used", "quota", "free", "said"),
    [
        pytest.param(12 * GB, 50 * GB, 200 * GB, "12.0 GB of 50.0 GB used", id="the-quota-counts-not-the-disk"),
        pytest.param(12 * GB, None, 200 * GB, "12.0 GB used, 200 GB free", id="no-quota"),
        pytest.param(12 * GB, None, None, "12.0 GB used", id="a-key-that-may-not-ask-for-the-disk"),
        pytest.param(None, None, 200 * GB, "200 GB free", id="a-folder"),
        pytest.param(0, 0, None, "0 bytes of 0 bytes used", id="an-account-that-may-hold-nothing"),
        pytest.param(None, None, None, "", id="silence"),
    ],
)
def test_space_is_told_as_far_as_it_is_known(used: int | None, quota: int | None, free: int | None, said: str) -> None:
    assert space(used, quota, free) == said


def test_a_silent_address_is_named_with_what_follows() -> None:
    said = silent_address("https://photos.example.org/api")
    assert said.startswith("https://photos.example.org/api does not answer")
    assert "is tried when" in said
