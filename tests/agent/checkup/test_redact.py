"""What is private goes, what helps stays: lines as they stand in logs, and the same thing by the same name."""

import pytest

from agent.checkup.redact import Redactor

ON_DISK = {"/home/ada/Pictures/Our Wedding/kiss.jpg", "/home/ada/Pictures", "/home/ada"}
NAMES = frozenset({"divorce papers.jpg", "IMG_1.jpg"})
WORDS = (
    ("folder", "/home/ada/Pictures"),
    ("folder", "/tank/photos"),
    ("user", "ada"),
    ("server", "photos.lovelace.example"),
    ("server", "nas"),
    ("destination", "Ada's NAS"),
    ("album", "Secret Holiday"),
)
PRIVATE = (
    "ada lovelace wedding kiss divorce papers holiday secret tank 192.168.7.9 fd00 k3y hunter2 SGVsbG8 analytical "
    "photos.lovelace".split()
)

LINES = (
    "WARNING could not read /home/ada/Pictures/Our Wedding/kiss.jpg: Permission denied",
    "WARNING could not read '/home/ada/Pictures/a: b.jpg': Permission denied",
    "INFO /home/ada/Pictures/Gone Away/who knows.jpg was deleted",
    "INFO watching /tank/photos and all below",
    'File "/home/ada/code/safelight/agent/work/upload.py", line 12',
    "INFO divorce papers.jpg is safe",
    "INFO 3 of 4: divorce papers.jpg (1.2 MB)",
    "INFO somebody.else.HEIC was skipped",
    "ERROR GET https://photos.lovelace.example/api/server/ping?key=k3yk3yk3y: 502",
    "ERROR GET https://ada:hunter2@photos.lovelace.example:2283/api failed",
    "ERROR nas does not answer at 192.168.7.9, nor at fd00:1:2:3::9",
    "INFO signed in as ada@lovelace.example",
    "DEBUG x-api-key: SGVsbG8gV29ybGQgdGhpcyBpcyBhIGtleQ",
    "DEBUG the token SGVsbG8gV29ybGQgdGhpcyBpcyBhIGtleQ1 came",
    "INFO copies go to Ada's NAS, into the album Secret Holiday",
    r"WARNING C:\Users\Ada\Pictures\Our Wedding\kiss.jpg is locked",
    r"WARNING \\nas\photos\Our Wedding is not there",
    "INFO path file:///home/ada/caf%E9.jpg",
    '{"path": "/home/ada/Pictures/Our Wedding/kiss.jpg", "password": "hunter2"}',
)


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(WORDS, NAMES, ON_DISK.__contains__)


@pytest.mark.parametrize("line", LINES)
def test_nothing_private_is_left(redactor: Redactor, line: str) -> None:
    shown = redactor.text(line)
    assert [word for word in PRIVATE if word.lower() in shown.lower()] == [], shown


STAYS = (
    (LINES[0], "WARNING could not read <path 1 jpg>: Permission denied"),
    (LINES[1], "WARNING could not read '<path 1 jpg>': Permission denied"),
    (LINES[5], "INFO <name 1 jpg> is safe"),
    (LINES[6], "INFO 3 of 4: <name 1 jpg> (1.2 MB)"),
    (LINES[8], "ERROR GET https://<server 1>/api/server/ping"),
    (
        "ERROR http://127.0.0.1:2283/api/server/ping did not answer",
        "ERROR http://127.0.0.1:2283/api/server/ping did not answer",
    ),
    ("INFO Safelight 0.1.0 is running", "INFO Safelight 0.1.0 is running"),
    ("asset 1f7e2f3a-0000-4000-8000-123456789abc", "asset 1f7e2f3a-0000-4000-8000-123456789abc"),
    (
        'File "/usr/lib/safelight/_internal/agent/work/worker.py", line 229, in _handle',
        'File "/usr/lib/safelight/_internal/agent/work/worker.py", line 229, in _handle',
    ),
    (
        'File "/home/ada/.venv/lib/python3.11/site-packages/requests/api.py", line 59',
        'File "<…>/site-packages/requests/api.py", line 59',
    ),
    ("job 12 (upload) met a bug: KeyError", "job 12 (upload) met a bug: KeyError"),
    ("adamant about it", "adamant about it"),
)


@pytest.mark.parametrize(("line", "expected"), STAYS)
def test_what_helps_stays(redactor: Redactor, line: str, expected: str) -> None:
    assert redactor.text(line)[: len(expected)] == expected


def test_the_same_thing_has_the_same_name_in_one_bundle(redactor: Redactor) -> None:
    first, second = redactor.text(LINES[0]), redactor.text("INFO /home/ada/Pictures/Our Wedding/kiss.jpg")
    assert "<path 1 jpg>" in first
    assert "<path 1 jpg>" in second
    assert "<path 2 jpg>" in redactor.text("INFO '/home/ada/b.jpg'")


def test_private_fields_go_whole_and_the_rest_of_a_document_stays(redactor: Redactor) -> None:
    document = {
        "destinations": [
            {"id": "a1b2", "name": "My Home", "location": "https://x.example/api", "secret_store": "file"}
        ],
        "folders": [{"path": "/p", "rules": {"exclude": ["Diary*"], "recursive": True}}],
        "values": {"allowed_networks": ["Lovelace WLAN"], "trigger_delay_s": 30},
    }
    assert redactor.value(document) == {
        "destinations": [{"id": "a1b2", "name": "<name 1>", "location": "<location 1>", "secret_store": "file"}],
        "folders": [{"path": "<path 1>", "rules": {"exclude": ["<exclude 1>"], "recursive": True}}],
        "values": {"allowed_networks": ["<allowed_networks 1>"], "trigger_delay_s": 30},
    }
