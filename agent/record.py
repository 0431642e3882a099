"""The value that everything here is told in: a few named fields, compared by what they hold.

For: `Record`, which nobody changes after it was made, and `MutableRecord` for what one thread gathers. Both are structs
of msgspec and not dataclasses: a start makes ninety such classes, and each photo hundreds of such values, and both cost
a dataclass many times as much. A leaf: must import nothing of ours, and must not be used to read or write JSON (that is
protocol's). Any thread.
"""

from msgspec import Struct, field
from msgspec.structs import asdict, replace

__all__ = ["MutableRecord", "Record", "asdict", "field", "replace"]


class Record(Struct, frozen=True):
    """Immutable, with a hash if all of its fields have one. Name `frozen=True` again where it is derived from."""


class MutableRecord(Struct):
    """Its fields may be set; no hash."""
