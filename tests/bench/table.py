"""Figures: a row for each, printed as a table and kept as JSON with the machine that they were measured on."""

import json
import os
import platform
import sqlite3
import time
from dataclasses import asdict, dataclass
from pathlib import Path

OUT = Path("build") / "bench"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `peer` is what it stands against in the same run; `met`: the goal is reached, if there is one."""

    what: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure."""

    quick: bool = False
    full: bool = False


def at_most(what: str, ours: float, unit: str, bound: float) -> Row:
    """A figure that must not be above a bound."""
    return Row(what, ours, unit, goal=f"<= {_short(bound)} {unit}", met=ours <= bound)


def at_least(what: str, ours: float, unit: str, bound: float) -> Row:
    """A figure that must not be below a bound."""
    return Row(what, ours, unit, goal=f">= {_short(bound)} {unit}", met=ours >= bound)


def show(name: str, rows: list[Row]) -> None:
    """Print the rows of a bench and keep them."""
    heads = ("", "Safelight", "peer", "ratio", "goal", "")
    lines = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    print(f"\n{name}")
    for line in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    OUT.mkdir(parents=True, exist_ok=True)
    found = {
        "bench": name,
        "at": time.strftime("%Y-%m-%d %H:%M:%S"),
        "machine": machine(),
        "rows": list(map(asdict, rows)),
    }
    (OUT / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def machine() -> dict[str, object]:
    """The machine in general words."""
    return {
        "processors": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": round(os.getloadavg()[0], 1),
    }


def median(values: list[float]) -> float:
    """The middle one."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _cells(row: Row) -> tuple[str, ...]:
    peer = "" if row.peer is None else f"{_short(row.peer)} {row.unit} ({row.peer_name})"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
    met = {None: "", True: "yes", False: "NO"}[row.met]
    return row.what, f"{_short(row.ours)} {row.unit}", peer, ratio, row.goal, met


def _short(value: float) -> str:
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
