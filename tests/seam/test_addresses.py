"""A server with two addresses whose ways break and mend at random, as on a train: nothing is lost or sent twice."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent.protocol.destination import DestinationAddresses
from tests import pictures
from tests.fakes.immich import StandIn
from tests.fakes.immich.addresses import Address
from tests.seam.rig import Rig
from tests.seam.test_trouble import server_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SIDECAR = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
FILM = b"\0\0\0\x18ftypmp42"
ON_THE_TRAIN_S = 20.0


@contextmanager
def weather(server: StandIn, public: Address, chance: random.Random) -> Iterator[None]:
    """Ways come and go until the end, and then they are there."""
    over = threading.Event()
    deeds = (server.main.refuse, server.main.accept, public.refuse, public.accept, server.drop_connections)

    def blow() -> None:
        while not over.wait(chance.uniform(0.05, 0.5)):
            chance.choice((*deeds, server.main.accept, public.accept))()

    thread = threading.Thread(target=blow)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        server.main.accept()
        public.accept()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_written_while_every_way_comes_and_goes_is_safe_in_the_end_and_was_sent_once(
    rig: Rig, seed: int
) -> None:
    rig.ready(["server"])
    place = server_of(rig)
    public = place.server.address(body_limit=1_000_000)
    rig.call("destination.set_addresses", DestinationAddresses("server", (place.server.url, public.url)))
    chance, pause = random.Random(seed), threading.Event()
    with weather(place.server, public, chance):
        for number in range(60):
            pictures.jpeg(rig.pictures / f"{number % 4}" / f"{number:03}.jpg", size=(96, 64), seed=number)
            if number % 10 == 0:
                rig.write(f"film{number}.mp4", FILM + bytes([number]) * 2_000_000)
            if number % 9 == 0:
                rig.write(f"{number % 4}/{number:03}.jpg.xmp", SIDECAR + bytes([65 + number]))
            pause.wait(ON_THE_TRAIN_S / 60)
    rig.wait_safe(66, 150)
    rig.assert_arrived()
    assert place.waste() == 0
    assert public.requests
