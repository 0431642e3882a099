"""How a path, which may be any bytes, travels as text and is shown to a person.

Pure. A name that is not UTF-8 cannot stand in JSON or TOML, so such a path travels as a `file://` URI with the
odd bytes percent-encoded; every other path travels as it is. An absolute path never begins with `file://`, so
nothing is ambiguous.
"""

from urllib.parse import quote, unquote_to_bytes

_URI = "file://"


def to_wire(path: bytes) -> str:
    """A path's bytes (as `os.fsencode` gives them) as reversible text."""
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        return _URI + quote(path, safe="/\\:")


def from_wire(text: str) -> bytes:
    """The bytes of a path that `to_wire` made text of."""
    if text.startswith(_URI):
        return unquote_to_bytes(text[len(_URI) :])
    return text.encode("utf-8")


def to_display(path: bytes) -> str:
    """Text for a person's eyes: one line, odd bytes and control characters replaced; not reversible."""
    text = path.decode("utf-8", "replace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
