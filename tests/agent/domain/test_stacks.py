"""Which stills belong in one stack."""

import pytest

from agent.domain.stacks import key_of, stack_of

STACKS = {
    "raw and JPEG": (["IMG_1.CR2", "IMG_1.JPG"], ["IMG_1.JPG", "IMG_1.CR2"]),
    "raw and HEIC, spelled each their way": (["dsc1.nef", "DSC1.HEIC"], ["DSC1.HEIC", "dsc1.nef"]),
    "raw and JPEG whose stems differ in case": (["IMG_1.CR3", "img_1.jpg"], ["img_1.jpg", "IMG_1.CR3"]),
    "raw and JPEG with accents spelled two ways": (
        ["Ko\u0308ln.cr3", "K\u00f6ln.jpg"],
        ["K\u00f6ln.jpg", "Ko\u0308ln.cr3"],
    ),
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
    "Google's portraits and best shots": (
        ["00000XTR_00000_BURST20191008190125485.jpg", "00100XTR_00100_BURST20191008190125485_COVER.jpg"],
        ["00100XTR_00100_BURST20191008190125485_COVER.jpg", "00000XTR_00000_BURST20191008190125485.jpg"],
    ),
    "Nothing": (["00001IMG_00001_BURST1723801037429_COVER.jpg", "00002IMG_00002_BURST1723801037429.jpg"],) * 2,
    "Sony": (["DSC_0001_BURST20230709220904977.JPG", "DSC_0002_BURST20230709220904977.JPG"],) * 2,
    "Google's long exposure": (
        ["PXL_20231118_035751175.LONG_EXPOSURE-01.COVER.jpg", "PXL_20231118_035751175.LONG_EXPOSURE-02.ORIGINAL.jpg"],
    )
    * 2,
    "a number and a burst": (["IMG_1234_BURST001.jpg", "IMG_1234_BURST002.jpg"],) * 2,
    "Xiaomi": (["IMG_20190101_120000_BURST1.jpg", "IMG_20190101_120000_BURST12.jpg"],) * 2,
    "Oppo": (["IMG20200101120000_BURST000_COVER.jpg", "IMG20200101120000_BURST001.jpg"],) * 2,
    "Motorola": (["IMG_20160403_161322294_BURST000_COVER_TOP.jpg", "IMG_20160403_161322294_BURST001.jpg"],) * 2,
    "HTC": (["IMAG0123_BURST002_COVER.jpg", "IMAG0123_BURST001.jpg"],) * 2,
    "LG": (["20160101_120000_Burst01.jpg", "20160101_120000_Burst02.jpg"],) * 2,
    "numbers of an iPhone tell nothing": (["IMG_1234.HEIC", "IMG_1235.HEIC"], []),
    "a word is no burst": (["sunburst1.jpg", "sunburst2.jpg"], []),
    "an edited picture of a burst stays apart": (["IMG_1234_BURST001.jpg", "IMG_1234_BURST001~2.jpg"], []),
    "other bursts stay apart": (["20231207_101605_001.jpg", "20231207_101606_001.jpg"], []),
}


@pytest.mark.parametrize(("names", "expected"), list(STACKS.values()), ids=list(STACKS))
def test_stack(names: list[str], expected: list[str]) -> None:
    given = [name.encode() for name in names]
    for name in given:
        assert list(stack_of(name, given)) == [one.encode() for one in expected]


@pytest.mark.parametrize(("names", "expected"), list(STACKS.values()), ids=list(STACKS))
def test_the_stills_of_a_stack_have_one_key(names: list[str], expected: list[str]) -> None:
    assert not expected or len({key_of(name.encode()) for name in names}) == 1


def test_other_stills_have_other_keys() -> None:
    alone = ["IMG_1.JPG", "IMG_2.JPG", "20231207_101605_001.jpg", "20231208_101605_001.jpg", "20231207_101605.jpg"]
    alone += ["IMG_1234_BURST001.jpg", "IMG_1235_BURST001.jpg", "IMG_1234_BURST.jpg", "burst.jpg", "stem.jpg"]
    assert len({key_of(name.encode()) for name in alone}) == len(alone)
