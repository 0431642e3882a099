"""`safelight run`: the agent itself, in the foreground of this process. The room's one door into the agent's rooms."""

from pathlib import Path


def run(home: Path | None) -> int:
    """Be the agent until it is told to stop; its exit code."""
    from agent.app import run as be_the_agent

    return be_the_agent(home)
