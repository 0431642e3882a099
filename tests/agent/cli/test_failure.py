"""Which exit code a refusal ends in."""

import pytest

from agent.cli.failure import SIGNED_OUT, SOME_FAILED, UNREACHABLE, USAGE, exit_for, failure, from_mistake
from agent.protocol.wire import Mistake


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("path_missing", USAGE),
        ("job_key_unknown", USAGE),
        ("key_unknown", USAGE),
        ("keyring_absent", USAGE),
        ("a_code_of_tomorrow", USAGE),
        ("not_running", UNREACHABLE),
        ("wrong_password", SIGNED_OUT),
        ("signed_out", SIGNED_OUT),
        ("server_unreachable", SOME_FAILED),
        ("internal", SOME_FAILED),
    ],
)
def test_a_code_has_its_exit(code: str, exit_code: int) -> None:
    assert exit_for(code) == exit_code
    assert from_mistake(Mistake(code)).exit_code == exit_code


def test_without_a_keyring_the_file_is_named() -> None:
    assert "--store file" in failure("keyring_absent").text


def test_an_unknown_job_key_names_the_known_ones() -> None:
    assert failure("job_key_unknown", key="dance", known="scan, upload").text == (
        "There is no handler for dance. Known are: scan, upload."
    )
