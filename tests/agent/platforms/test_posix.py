"""Locks, processes and priorities, as the kernel sees them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.platforms import current
from agent.platforms.base import AlreadyRunning

if sys.platform == "win32":
    pytest.skip("asks a POSIX kernel", allow_module_level=True)

LIMIT_S = 10.0


def test_a_lock_is_held_by_one_and_may_be_taken_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "agent.lock"
    lock = current().lock(path)
    with pytest.raises(AlreadyRunning):
        current().lock(path)
    assert path.read_text() == f"{os.getpid()}\n"
    lock.release()
    lock.release()
    current().lock(path).release()


def test_the_kernel_frees_the_lock_of_a_killed_process_even_when_its_children_live(tmp_path: Path) -> None:
    path = tmp_path / "agent.lock"
    script = (
        "import subprocess,sys,time; from pathlib import Path; from agent.platforms import current;"
        "lock=current().lock(Path(sys.argv[1])); child=subprocess.Popen(['sleep','30'],stdout=subprocess.DEVNULL);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        grandchild = int(holder.stdout.readline())
    with pytest.raises(AlreadyRunning):
        current().lock(path)
    holder.send_signal(signal.SIGKILL)
    holder.wait(LIMIT_S)
    current().lock(path).release()
    os.kill(grandchild, signal.SIGKILL)


def test_a_detached_process_has_its_own_session_and_no_terminal(tmp_path: Path) -> None:
    fifo = tmp_path / "told"
    os.mkfifo(fifo)
    script = (
        "import os,sys; told = (os.getpid(), os.getsid(0), os.readlink('/proc/self/fd/1'));"
        "open(sys.argv[1], 'w').write('%d %d %s' % told)"
    )
    pid = current().spawn_detached([sys.executable, "-c", script, str(fifo)])
    assert fifo.read_text() == f"{pid} {pid} /dev/null"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc and ionice")
def test_a_lowered_process_stands_behind_all_others() -> None:
    script = (
        "from agent.platforms import current; import os,subprocess; current().lower_priority();"
        "current().lower_priority(); print(os.getpriority(os.PRIO_PROCESS, 0), flush=True);"
        "subprocess.run(['ionice', '-p', str(os.getpid())])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["10", "idle"]
