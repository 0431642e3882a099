"""Folders that hang: who asks them is refused after a while, and their threads come back by themselves."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from queue import SimpleQueue

import pytest

from agent.domain.errors import Interrupted, Transient
from agent.files.reach import Beat, Reach, Silent


class Disk:
    """Hangs until it is let go; tells what a reach said of its folders."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.told: list[int] = []
        self.was_told = threading.Semaphore(0)
        self.threads: list[threading.Thread] = []
        self.answers: SimpleQueue[str] = SimpleQueue()
        self.reach = Reach(self.hear, patience_s=0.05)

    def hang(self, _: Beat) -> str:
        self.threads.append(threading.current_thread())
        assert self.let_go.wait(60)
        return "late"

    def hear(self, folder_id: int) -> None:
        self.told.append(folder_id)
        self.was_told.release()


@pytest.fixture
def disk(expected_log: Callable[..., None]) -> Iterator[Disk]:
    expected_log("does not answer", at_least=0)
    disk = Disk()
    yield disk
    disk.let_go.set()


def fine(_: Beat) -> str:
    return "fine"


def test_what_answers_is_given_back_and_what_it_raises_is_raised(disk: Disk) -> None:
    def fail(_: Beat) -> str:
        raise Transient("io_error")

    assert disk.reach.ask(1, fine) == "fine"
    with pytest.raises(Transient):
        disk.reach.ask(1, fail)
    assert list(disk.reach.stream(1, lambda _: range(1_000))) == list(range(1_000))
    assert disk.told == []


def test_a_folder_that_hangs_is_refused_until_it_is_back_and_another_one_is_not(disk: Disk) -> None:
    for _ in range(3):
        with pytest.raises(Silent):
            disk.reach.ask(1, disk.hang)
        assert disk.reach.ask(2, fine) == "fine"
    assert disk.was_told.acquire(timeout=10)
    assert disk.told == [1]
    disk.let_go.set()
    assert disk.was_told.acquire(timeout=10)
    assert disk.told == [1, 1], "that it hangs, and that it answers again"
    assert disk.reach.ask(1, fine) == "fine"


def test_two_that_hang_together_are_waited_for_together(disk: Disk) -> None:
    other = threading.Event()

    def hang_too(_: Beat) -> None:
        assert other.wait(30)

    def ask_too() -> None:
        with pytest.raises(Silent):
            disk.reach.ask(1, hang_too)

    asking = threading.Thread(target=ask_too)
    asking.start()
    with pytest.raises(Silent):
        disk.reach.ask(1, disk.hang)
    asking.join(10)
    assert disk.was_told.acquire(timeout=10)
    disk.let_go.set()
    with pytest.raises(Silent):
        disk.reach.ask(1, fine)
    other.set()
    assert disk.was_told.acquire(timeout=10)
    assert disk.reach.ask(1, fine) == "fine"


def test_signs_of_life_are_waited_for_however_long_it_takes(disk: Disk) -> None:
    pause = threading.Event()

    def slow(beat: Beat) -> str:
        for _ in range(20):
            pause.wait(0.01)
            beat()
        return "slow"

    assert disk.reach.ask(1, slow) == "slow"


def test_whoever_waits_may_be_called_off(disk: Disk) -> None:
    def stop() -> None:
        raise Interrupted("stop")

    with pytest.raises(Interrupted):
        disk.reach.ask(1, disk.hang, stop)
    assert disk.told == []


@pytest.mark.parametrize("hangs", [False, True])
def test_what_nobody_waits_for_any_more_ends_at_its_next_step(disk: Disk, hangs: bool) -> None:
    ended = threading.Event()

    def endless(beat: Beat) -> Iterator[int]:
        try:
            while True:
                if hangs:
                    disk.hang(beat)
                beat()
                yield 1
        finally:
            ended.set()

    with closing(disk.reach.stream(1, endless)) as found:
        if hangs:
            with pytest.raises(Silent):
                next(found)
        else:
            assert next(found) == 1
    disk.let_go.set()
    assert ended.wait(10)


def test_after_the_end_nothing_is_waited_for_and_nothing_is_told(disk: Disk) -> None:
    disk.reach.stop()
    with pytest.raises(Interrupted):
        disk.reach.ask(1, disk.hang)
    assert disk.told == []


def call_off() -> None:
    raise Interrupted("hold")


def hanging(disk: Disk, folder_id: int = 1) -> list[threading.Thread]:
    return [one for one in disk.threads if one.is_alive() and one.name == f"folder-{folder_id}"]


def test_however_many_questions_are_called_off_one_thread_hangs_and_then_the_folder_is_silent(disk: Disk) -> None:
    for _ in range(50):
        with pytest.raises(Interrupted):
            disk.reach.ask(1, disk.hang, call_off)
    assert len(hanging(disk)) == 1
    assert disk.told == []
    for _ in range(50):
        with pytest.raises(Silent):
            disk.reach.ask(1, disk.hang)
    assert len(hanging(disk)) == 1
    assert disk.told == [1]
    assert disk.reach.ask(2, fine) == "fine"
    disk.let_go.set()
    assert disk.was_told.acquire(timeout=10)
    assert disk.was_told.acquire(timeout=10)
    assert disk.reach.ask(1, fine) == "fine"
    assert disk.told == [1, 1], "that it hangs, and that it answers again"


def test_the_question_after_one_that_was_called_off_is_asked_once_that_thread_is_back(disk: Disk) -> None:
    patient = Reach(disk.hear, patience_s=30)
    with pytest.raises(Interrupted):
        patient.ask(1, disk.hang, call_off)
    asked = threading.Thread(target=lambda: disk.answers.put(patient.ask(1, fine)))
    asked.start()
    disk.let_go.set()
    assert disk.answers.get(timeout=20) == "fine"
    asked.join(10)
    assert disk.told == []


def test_all_that_hang_cost_the_time_of_one_and_those_that_answer_do_not_wait(disk: Disk) -> None:
    disk.reach = Reach(disk.hear, patience_s=3)
    folders: dict[int, Callable[[Beat], str]] = dict.fromkeys(range(20), disk.hang)
    folders |= {30: fine, 31: fine}
    looks = 0
    found: dict[int, str] = {}
    for answer in disk.reach.ask_all(folders):
        if answer is None:
            looks += 1
        else:
            found[answer[0]] = answer[1]
    assert found == {30: "fine", 31: "fine"}
    assert looks <= 6, "looks twice a second, of one limit"
    assert sorted(disk.told) == list(range(20))
    assert {one for one in disk.reach.ask_all(folders) if one} == {(30, "fine"), (31, "fine")}
    disk.let_go.set()
    for _ in range(40):
        assert disk.was_told.acquire(timeout=10)
    assert dict(one for one in disk.reach.ask_all(dict.fromkeys(range(20), fine)) if one) == dict.fromkeys(
        range(20), "fine"
    )


def test_what_nobody_waits_for_any_more_of_many_is_called_off_and_becomes_silent_when_asked_again(disk: Disk) -> None:
    disk.reach = Reach(disk.hear, patience_s=3)
    works: dict[int, Callable[[Beat], str]] = {1: disk.hang, 2: fine}
    for _ in range(3):
        with closing(disk.reach.ask_all(works)) as answers:
            assert next(one for one in answers if one) == (2, "fine")
            assert next(answers) is None
    assert len(hanging(disk)) == 1
    assert disk.told == []
    assert [one for one in disk.reach.ask_all(works) if one] == [(2, "fine")]
    assert disk.told == [1]
    assert len(hanging(disk)) == 1


def test_what_one_of_many_raises_is_raised(disk: Disk) -> None:
    def fail(_: Beat) -> str:
        raise Transient("io_error")

    with pytest.raises(Transient):
        list(disk.reach.ask_all({1: fail}))


def test_of_many_one_that_takes_its_time_is_given_as_well(disk: Disk) -> None:
    pause = threading.Event()

    def slow(_: Beat) -> str:
        pause.wait(0.2)
        return "slow"

    disk.reach = Reach(disk.hear, patience_s=30)
    assert [one for one in disk.reach.ask_all({1: slow}) if one] == [(1, "slow")]


def test_which_folders_are_silent_is_told_while_they_are(disk: Disk) -> None:
    with pytest.raises(Silent):
        disk.reach.ask(1, disk.hang)
    assert disk.reach.silent() == {1}
    disk.let_go.set()
    disk.threads[0].join(10)
    assert disk.reach.silent() == frozenset()


def test_what_is_made_ahead_is_made_no_further_than_was_said(disk: Disk) -> None:
    made: list[int] = []
    second = threading.Event()

    def make(_: Beat) -> Iterator[int]:
        for number in range(5):
            made.append(number)
            if number == 2:
                second.set()
            yield number

    with closing(disk.reach.stream(1, make, reads_ahead=2)) as found:
        assert next(found) == 0
        assert second.wait(10), "nobody asked for it yet"
        assert made == [0, 1, 2]
        assert list(found) == [1, 2, 3, 4]


def test_a_file_is_waited_for_longer_than_a_name(disk: Disk) -> None:
    disk.reach = Reach(disk.hear, patience_s=0.5)
    looks: list[None] = []
    with pytest.raises(Silent):
        list(disk.reach.stream(1, lambda beat: [disk.hang(beat)], lambda: looks.append(None), reads_ahead=1))
    assert len(looks) == 4, "one look for a name"
