"""What a decoder process gives up before it opens the first file: priority, memory, sockets, writing.

A picture that exploits a decoder should find itself in a process that can read, answer, and nothing else. Each measure
is taken where the system offers it and skipped where it does not; none of them is needed for the decoder to work.
Runs once, in the main thread of the child, before other threads exist (they inherit all of it).

Facts: rlimits setrlimit(2); Landlock landlock(7), ABI 1 to 3; system call filter seccomp(2), classic BPF.
"""

import ctypes
import os
import platform
import struct
import time
from types import ModuleType

#: Private writable memory; a 200 megapixel picture takes 600 MB when decoded whole.
MEMORY_BYTES = 1 << 30
#: All mappings, libraries and files included.
ADDRESS_SPACE_BYTES = 8 << 30
#: Processor time for one request; the agent's time limit usually comes first, this one holds when the agent is gone.
REQUEST_CPU_S = 60

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_VERSION_FLAG = 1
#: Run programs, write, remove and make anything. Reading is not in the set and stays free.
_LANDLOCK_ABI_1 = 0b1_1111_1111_0011
_LANDLOCK_REFER = 1 << 13
_LANDLOCK_TRUNCATE = 1 << 14
#: Machine -> (its number in the kernel's audit interface, the number of its `socket` call).
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425


def confine() -> frozenset[str]:
    """Take every measure that this system offers; the names of those that hold: limits, no_writing, no_network."""
    _lower_priority()
    measures = {"limits": _limit, "no_writing": _forbid_writing, "no_network": _forbid_network}
    return frozenset(name for name, take in measures.items() if take())


def renew_cpu_limit() -> None:
    """Allow `REQUEST_CPU_S` more from now; beyond it the system ends this process."""
    resource = _resource()
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + REQUEST_CPU_S, hard))


def _lower_priority() -> None:
    nice = getattr(os, "nice", None)  # Windows has none; there the pool starts the child with a lower priority class
    if nice is not None:
        nice(10)


def _resource() -> ModuleType | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource


def _limit() -> bool:
    resource = _resource()
    if resource is None:
        return False
    taken = False
    for name, value in (
        ("RLIMIT_DATA", MEMORY_BYTES),
        ("RLIMIT_AS", ADDRESS_SPACE_BYTES),
        ("RLIMIT_CORE", 0),  # a core file would hold somebody's pictures
        ("RLIMIT_NOFILE", 64),
    ):
        which = getattr(resource, name, None)
        if which is None:
            continue
        try:
            resource.setrlimit(which, (value, value))
            taken = True
        except (OSError, ValueError):  # macOS refuses some of them, and a lower limit may be in force already
            continue
    return taken


def _libc() -> ctypes.CDLL | None:
    """The C library where it is Linux's, else None. No program that is run from here on can gain rights."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        told = libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # only Linux has it
    except (AttributeError, OSError, TypeError):
        return None
    return libc if told == 0 else None


def _forbid_writing() -> bool:
    """No file of the user's can be changed, made or removed from here, and no program started."""
    libc = _libc()
    if libc is None:
        return False
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_VERSION_FLAG)
    if version < 1:  # an old kernel, or switched off
        return False
    rights = _LANDLOCK_ABI_1
    if version >= 2:
        rights |= _LANDLOCK_REFER
    if version >= 3:
        rights |= _LANDLOCK_TRUNCATE
    handled = struct.pack("=Q", rights)
    rules = libc.syscall(_LANDLOCK_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    if rules < 0:
        return False
    try:
        return bool(libc.syscall(_LANDLOCK_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _forbid_network() -> bool:
    """No socket of any kind can be made: the call fails as if it were not permitted."""
    machine = _MACHINES.get(platform.machine())
    libc = _libc()
    if machine is None or libc is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    audit_number, socket_call = machine
    load, equal, at_least, end = 0x20, 0x15, 0x35, 0x06  # BPF: load a word; jump if ==, if >=; return
    allow, refuse, kill = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # refuse with EPERM
    program = [
        (load, 0, 0, 4),  # the machine that the call is made for
        (equal, 1, 0, audit_number),
        (end, 0, 0, kill),  # 32-bit calls have other numbers and would slip through
        (load, 0, 0, 0),  # the number of the call
        (at_least, 3, 0, 0x40000000),  # so would those of x32
        (equal, 2, 0, socket_call),
        (equal, 1, 0, _IO_URING_SETUP),  # a second way to make sockets
        (end, 0, 0, allow),
        (end, 0, 0, refuse),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) == 0)
