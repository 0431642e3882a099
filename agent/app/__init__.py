"""The composition root: builds every room by hand, starts the threads in order and stops them in the opposite one.

`process` is the agent as a process (lock, log, signals), `agent` the whole of it, `engine` the part that works
without any client. Holds no decision.
"""

from pathlib import Path


def run(home: Path | None) -> int:
    """Be the agent in the foreground until SIGTERM, SIGINT or `agent.stop`; the exit code."""
    from agent.app.process import run as run_process

    return run_process(home)
