"""The switch for detail: what one looks into when something goes wrong, without a restart."""

from tests.seam.rig import Rig


def test_the_way_of_a_photo_can_be_followed_in_the_log_from_the_moment_detail_is_wanted(rig: Rig) -> None:
    rig.ready(["server", "folder"])
    rig.write("before.jpg", b"\xff\xd8\xff\xe0 one")
    rig.wait_safe(1)
    rig.set("detailed_log", True)
    rig.write("after.jpg", b"\xff\xd8\xff\xe0 two")
    rig.wait_safe(2)
    rig.set("detailed_log", False)
    rig.write("later.jpg", b"\xff\xd8\xff\xe0 three")
    rig.wait_safe(3)
    rig.stop()
    told = [line for line in rig.log().splitlines() if "new there" in line]
    assert len(told) == 2, told
    assert all("after.jpg" in line for line in told)
    for step in ("files rest", "took 1 jobs of upload", "asked for 1 contents", "1 ended"):
        assert any(step in line for line in rig.log().splitlines()), step
