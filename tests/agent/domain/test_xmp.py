"""What sidecars say: as Lightroom, darktable and digiKam write them, and as those write who mean harm."""

import pytest

from agent.domain.xmp import Annotation, read_xmp

_HEAD = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    ' xmlns:digiKam="http://www.digikam.org/ns/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/"'
    ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"'
)
_TAIL = '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'


def sidecar(attributes: str = "", elements: str = "") -> bytes:
    """A packet with these properties."""
    return f"{_HEAD} {attributes}>{elements}{_TAIL}".encode()


def listed(name: str, *texts: str, kind: str = "Bag") -> str:
    """A property that is a list."""
    inside = "".join(f"<rdf:li>{text}</rdf:li>" for text in texts)
    return f"<{name}><rdf:{kind}>{inside}</rdf:{kind}></{name}>"


SAYS = [
    pytest.param(sidecar('xmp:Rating="4"'), Annotation(rating=4), id="stars as an attribute"),
    pytest.param(sidecar("", "<xmp:Rating>-1</xmp:Rating>"), Annotation(rating=-1), id="rejected"),
    pytest.param(sidecar('xmp:Rating="0"'), Annotation(), id="not judged"),
    pytest.param(sidecar('xmp:Rating="lots"'), Annotation(), id="no number"),
    pytest.param(
        sidecar(
            "",
            '<dc:description><rdf:Alt><rdf:li xml:lang="de">Am See</rdf:li>'
            '<rdf:li xml:lang="x-default"> By the lake &amp; more </rdf:li></rdf:Alt></dc:description>',
        ),
        Annotation(description="By the lake & more"),
        id="the usual language",
    ),
    pytest.param(
        sidecar('exif:DateTimeOriginal="2024-05-06T07:08:09+02:00" photoshop:DateCreated="2001-01-01T00:00:00Z"'),
        Annotation(taken="2024-05-06T07:08:09+02:00"),
        id="a moment with its zone",
    ),
    pytest.param(sidecar('exif:DateTimeOriginal="2024-05-06T07:08:09"'), Annotation(), id="a moment somewhere"),
    pytest.param(sidecar('photoshop:DateCreated="2024-13-06T07:08:09Z"'), Annotation(), id="no such month"),
    pytest.param(
        sidecar('exif:GPSLatitude="52,30.6N" exif:GPSLongitude="13,24,36W"'),
        Annotation(place=(52.51, -13.41)),
        id="a place in minutes and seconds",
    ),
    pytest.param(sidecar('exif:GPSLatitude="52,30.6N"'), Annotation(), id="half a place"),
    pytest.param(sidecar('exif:GPSLatitude="91,0N" exif:GPSLongitude="1,0E"'), Annotation(), id="beyond the pole"),
    pytest.param(
        sidecar("", listed("digiKam:TagsList", "Places/Lake", "Ada", kind="Seq") + listed("dc:subject", "Lake")),
        Annotation(tags=("Places/Lake", "Ada")),
        id="tags as paths",
    ),
    pytest.param(
        sidecar("", listed("lr:hierarchicalSubject", "Places|Lake", " | ")),
        Annotation(tags=("Places/Lake",)),
        id="tags with bars",
    ),
    pytest.param(sidecar("", listed("dc:subject", "a|b", "a|b", "c")), Annotation(tags=("a|b", "c")), id="flat tags"),
    pytest.param(
        sidecar("", '<xmpMM:History><rdf:Seq><rdf:li xmp:Rating="5"/></rdf:Seq></xmpMM:History>'),
        Annotation(),
        id="what a program keeps for itself",
    ),
    pytest.param(b"", Annotation(), id="nothing"),
    pytest.param(b"\xff\xfe<\0x\0", Annotation(), id="another encoding"),
    pytest.param(b"<x:xmpmeta>", Annotation(), id="no XML"),
    pytest.param(b'\xef\xbb\xbf<a xmlns="b"/>', Annotation(), id="other XML"),
    pytest.param(b"<!-- by hand -->" + sidecar('xmp:Rating="2"'), Annotation(rating=2), id="a comment"),
    pytest.param(
        b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>' + sidecar('xmp:Rating="2"'), Annotation(), id="a bomb"
    ),
    pytest.param(sidecar('xmp:Rating="2"') + b" " * (8 << 20), Annotation(), id="endless"),
]


@pytest.mark.parametrize(("content", "expected"), SAYS)
def test_only_what_stands_in_the_packet_is_taken(content: bytes, expected: Annotation) -> None:
    assert read_xmp(content) == expected
    assert expected.is_empty is (expected == Annotation())
