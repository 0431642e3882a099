"""The workflows, read as YAML: three systems build by `make package`, what they build is kept, summed, and drafted.

They run on a hoster that is not at hand; here it is shown that they ask for what this checkout has.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github/workflows"
#: What each job of the release leaves for the draft.
BUILT = {
    "linux": {"dist/*.deb", "dist/*.rpm", "dist/*.AppImage", "dist/*.whl"},
    "macos": {"dist/*.dmg"},
    "windows": {"dist/*.exe"},
}
both = pytest.mark.parametrize("name", ["ci", "release"])


def workflow(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text("utf-8"))
    return found


def steps(job: dict[str, Any], action: str = "") -> list[dict[str, Any]]:
    """A job's steps; with the name of an action only those that use it."""
    found: list[dict[str, Any]] = job["steps"]
    return [one for one in found if one.get("uses", "").startswith(action)]


def scripts(name: str) -> list[str]:
    return [step["run"] for job in workflow(name)["jobs"].values() for step in steps(job) if "run" in step]


@pytest.mark.parametrize(
    ("job", "runners"),
    [
        ("linux", {"ubuntu-latest", "ubuntu-24.04-arm"}),
        ("macos", {"macos-15", "macos-15-intel"}),
        ("windows", {"windows-latest"}),
    ],
)
def test_each_system_builds_by_make_and_leaves_what_it_built(job: str, runners: set[str]) -> None:
    found = workflow("release")["jobs"][job]
    matrix = found.get("strategy", {}).get("matrix", {})
    chosen = {one["runner"] for one in matrix.get("include", ())} | set(matrix.get("runner", ()))
    assert (chosen or {found["runs-on"]}) == runners
    order = [one.get("run") or one["uses"] for one in steps(found)]
    assert order.count("make package") == 1
    uploads = steps(found, "actions/upload-artifact@")
    assert order.index("make package") < min(order.index(one["uses"]) for one in uploads)
    assert {path for one in uploads for path in one["with"]["path"].split()} == BUILT[job]
    assert {one["with"]["if-no-files-found"] for one in uploads} == {"error"}


def test_a_tag_becomes_a_draft_with_sums_of_everything() -> None:
    found = workflow("release")
    assert found[True] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}  # YAML 1.1 takes `on` for yes
    draft = found["jobs"].pop("draft")
    assert set(draft["needs"]) == set(found["jobs"])
    (taken,) = steps(draft, "actions/download-artifact@")
    assert taken["with"] == {"path": "dist", "merge-multiple": True}
    sums, release = [one["run"] for one in steps(draft) if "run" in one]
    assert "sha256sum -- * " in sums
    assert "--draft" in release
    assert "dist/*" in release


def test_only_the_draft_may_write() -> None:
    found = workflow("release")
    assert found["permissions"] == {"contents": "read"}
    assert {name: one["permissions"] for name, one in found["jobs"].items() if "permissions" in one} == {
        "draft": {"contents": "write"}
    }


@both
def test_no_job_hangs_for_hours_and_no_script_holds_what_somebody_else_wrote(name: str) -> None:
    """Secrets and names of branches reach a script through its environment alone, never as a part of its text."""
    assert all(one["timeout-minutes"] <= 60 for one in workflow(name)["jobs"].values())
    pasted = {word for text in scripts(name) for word in re.findall(r"\$\{\{\s*(.*?)\s*\}\}", text)}
    assert pasted <= {"matrix.arch"}


@both
def test_every_script_is_sound_and_asks_for_what_is_here(name: str) -> None:
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for text in scripts(name):
        plain = re.sub(r"\$\{\{.*?\}\}", "x86_64", text)
        checked = subprocess.run(["bash", "-n"], input=plain, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")
        assert set(re.findall(r"^make ([a-z]+)", plain, re.MULTILINE)) <= made
        for module in re.findall(r"-m (installers[\w.]+)", plain):
            assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
        for file in re.findall(r"(?<![\w/])((?:installers|tests|\.ci)/[\w./-]+)", plain):
            assert (ROOT / file).exists()


def test_windows_checks_the_types_of_what_the_makefile_checks_for_it() -> None:
    (typed,) = [one["run"] for one in steps(workflow("ci")["jobs"]["windows"]) if "mypy" in one.get("run", "")]
    left_out = re.findall(r"--exclude '(.*?)'", typed)
    assert left_out
    assert left_out == re.findall(r"--exclude '(.*?)'", (ROOT / "Makefile").read_text("utf-8"))
