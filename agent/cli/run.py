"""`safelight run`: the agent itself, in the foreground of this process. The room's one door into the agent's rooms."""

import gc
from pathlib import Path

#: New objects before the collector looks at them: a walk makes thousands that live for a moment only.
_YOUNG = 20_000


def run(home: Path | None) -> int:
    """Be the agent until it is told to stop; its exit code."""
    from agent.app import run as be_the_agent

    gc.freeze()  # what was loaded stays
    gc.set_threshold(_YOUNG, 20, 20)
    gc.enable()
    return be_the_agent(home)
