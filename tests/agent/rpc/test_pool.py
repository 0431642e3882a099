"""The threads in which calls run."""

import threading

import pytest

from agent.rpc.pool import Pool

LIMIT_S = 10.0


def test_results_and_errors_come_to_who_asked() -> None:
    pool, empty = Pool(), dict[str, bytes]()
    assert pool.submit(lambda: b"done").result(LIMIT_S) == b"done"
    with pytest.raises(KeyError):
        pool.submit(lambda: empty["missing"]).result(LIMIT_S)
    pool.close()


def test_no_more_threads_than_the_limit_and_no_call_is_lost() -> None:
    pool, gate, used = Pool(threads=3), threading.Event(), set[str]()

    def call() -> bytes:
        used.add(threading.current_thread().name)
        assert gate.wait(LIMIT_S)
        return b"done"

    futures = [pool.submit(call) for _ in range(20)]
    gate.set()
    assert [future.result(LIMIT_S) for future in futures] == [b"done"] * 20
    assert len(used) <= 3
    pool.close()


def test_calls_run_at_the_same_time() -> None:
    pool, meeting = Pool(threads=3), threading.Barrier(3)
    futures = [pool.submit(lambda: b"%d" % meeting.wait(LIMIT_S)) for _ in range(3)]
    assert {future.result(LIMIT_S) for future in futures} == {b"0", b"1", b"2"}
    pool.close()


def test_an_idle_thread_is_used_again_and_ends_with_the_pool() -> None:
    pool = Pool()
    threads = set[threading.Thread]()

    def call() -> bytes:
        threads.add(threading.current_thread())
        return b""

    for _ in range(3):
        pool.submit(call).result(LIMIT_S)
    pool.close()
    for thread in threads:
        assert thread.daemon
        thread.join(LIMIT_S)
        assert not thread.is_alive()
