"""The hidden `safelight decode`: a decoder process, started by the agent, that opens untrusted pictures. Stays lean."""

import sys
from collections.abc import Sequence


def decode(arguments: Sequence[str]) -> int:
    """Decode until the agent closes the pipe; the process's exit code."""
    from agent.media import decode as decoder

    sys.argv = ["safelight decode", *arguments]
    return int(decoder.main() or 0)
