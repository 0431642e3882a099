"""Whether several files at once are worth it. Pure."""

from typing import Final

#: From so many files on it is known how a destination answers: the first one also opens the line.
PROBES: Final = 2
#: Who waits this many times as long as the sending itself works, waits for the other side.
PATIENCE: Final = 4.0
#: After them every so manieth file tells whether that has changed: to look at the clock costs more than it seems.
PROBE_EVERY: Final = 8


def is_probe(number: int) -> bool:
    """Whether it is worth while to time this file, the first one being number 1."""
    return number <= PROBES or number % PROBE_EVERY == 0


def is_waiting(sent: int, took_s: float, worked_s: float) -> bool:
    """Whether who sends one file after the other mostly waits for the destination.

    Several at once hide the delay of a network and of a server that thinks. Where there is none, they only get in each
    other's way. `took_s` and `worked_s` of those that were timed up to the `sent`th: by the clock, and of
    the processor.
    """
    return sent >= PROBES and took_s > PATIENCE * worked_s
