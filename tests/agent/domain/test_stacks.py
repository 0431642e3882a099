"""Which stills belong in one stack."""

import pytest

from agent.domain.stacks import stack_of

STACKS = {
    "raw and JPEG": (["IMG_1.CR2", "IMG_1.JPG"], ["IMG_1.JPG", "IMG_1.CR2"]),
    "raw and HEIC, spelled each their way": (["dsc1.nef", "DSC1.HEIC"], ["DSC1.HEIC", "dsc1.nef"]),
    "two JPEGs of one name are no stack": (["a.jpg", "a.png"], []),
    "a raw alone": (["a.cr2", "b.jpg"], []),
    "a video is none": (["a.cr2", "a.mov"], []),
    "Samsung": (["20231207_101605_001.jpg", "20231207_101605_002.jpg"],) * 2,
    "Huawei, the cover first": (
        ["IMG_20231014_183246_BURST001.jpg", "IMG_20231014_183246_BURST002_COVER.jpg"],
        ["IMG_20231014_183246_BURST002_COVER.jpg", "IMG_20231014_183246_BURST001.jpg"],
    ),
    "Google once": (
        ["00001IMG_00001_BURST20171111030039.jpg", "00002IMG_00002_BURST20171111030039_COVER.jpg"],
        ["00002IMG_00002_BURST20171111030039_COVER.jpg", "00001IMG_00001_BURST20171111030039.jpg"],
    ),
    "Google now": (["PXL_20231118_035751175.RAW-01.COVER.jpg", "PXL_20231118_035751175.RAW-02.ORIGINAL.dng"],) * 2,
    "other bursts stay apart": (["20231207_101605_001.jpg", "20231207_101606_001.jpg"], []),
}


@pytest.mark.parametrize(("names", "expected"), list(STACKS.values()), ids=list(STACKS))
def test_stack(names: list[str], expected: list[str]) -> None:
    given = [name.encode() for name in names]
    for name in given:
        assert list(stack_of(name, given)) == [one.encode() for one in expected]
