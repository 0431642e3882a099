"""The named pipe on Windows: an asyncio server whose pipes only this user may open, and a blocking client end.

Not run on Windows yet. asyncio's own pipe server gives everybody read access, so its one method that makes the pipe is
replaced; that use of what asyncio does not document stays in this module. The server runs on a proactor loop, the
client end in any one thread.
"""

import _winapi
import asyncio
import ctypes
import logging
import sys
from asyncio import windows_events, windows_utils
from ctypes import wintypes
from typing import TYPE_CHECKING, Any

from agent.platforms.base import AlreadyRunning, Listener, NotPrivate

assert sys.platform == "win32"  # noqa: S101 - tells mypy to look at this module for Windows only

if TYPE_CHECKING:
    from agent.platforms.base import OnConnection

log = logging.getLogger(__name__)

_REJECT_REMOTE = 0x8
_SDDL_REVISION = 1
_TOKEN_QUERY, _TOKEN_USER = 0x8, 1
_QUERY_LIMITED = 0x1000
_ACCESS_DENIED, _NO_SUCH_FILE = 5, 2
_WAIT_TIMEOUT = 258
_ANY, _WAIT = False, True


class _SecurityAttributes(ctypes.Structure):
    _fields_ = (
        ("length", wintypes.DWORD),
        ("descriptor", ctypes.c_void_p),
        ("inherit", wintypes.BOOL),
    )


def user_sid(pid: int | None = None) -> str:
    """The security identifier of a process's user (None: this process). Raises `OSError`."""
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    advapi = ctypes.WinDLL("advapi32", use_last_error=True)
    for function in (kernel.GetCurrentProcess, kernel.OpenProcess):
        function.restype = wintypes.HANDLE
    process = (
        wintypes.HANDLE(kernel.GetCurrentProcess())
        if pid is None
        else wintypes.HANDLE(kernel.OpenProcess(_QUERY_LIMITED, 0, pid))
    )
    token = wintypes.HANDLE()
    try:
        if not advapi.OpenProcessToken(process, _TOKEN_QUERY, ctypes.byref(token)):
            raise ctypes.WinError(ctypes.get_last_error())
        needed = wintypes.DWORD()
        advapi.GetTokenInformation(token, _TOKEN_USER, None, 0, ctypes.byref(needed))
        buffer = ctypes.create_string_buffer(needed.value)
        if not advapi.GetTokenInformation(token, _TOKEN_USER, buffer, needed, ctypes.byref(needed)):
            raise ctypes.WinError(ctypes.get_last_error())
        sid = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_void_p))[0]  # the first field of TOKEN_USER
        text = wintypes.LPWSTR()
        if not advapi.ConvertSidToStringSidW(ctypes.c_void_p(sid), ctypes.byref(text)):
            raise ctypes.WinError(ctypes.get_last_error())
        result = str(text.value)
        kernel.LocalFree(text)
        return result
    finally:
        if token.value:
            kernel.CloseHandle(token)
        if pid is not None and process.value:
            kernel.CloseHandle(process)


def client_is_me(handle: int) -> bool:
    """Whether the process at the client's end of this server handle runs as this user."""
    return _peer_is_me(handle, "GetNamedPipeClientProcessId")


def _peer_is_me(handle: int, question: str) -> bool:
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    pid = wintypes.DWORD()
    if not getattr(kernel, question)(wintypes.HANDLE(handle), ctypes.byref(pid)):
        return False
    try:
        return user_sid(pid.value) == user_sid()
    except OSError:
        return False


def _descriptor() -> ctypes.c_void_p:
    """A security descriptor that lets the system and this user in and inherits nothing; kept for good."""
    advapi = ctypes.WinDLL("advapi32", use_last_error=True)
    found = ctypes.c_void_p()
    text = f"D:P(A;;GA;;;SY)(A;;GA;;;{user_sid()})"
    if not advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        ctypes.c_wchar_p(text), _SDDL_REVISION, ctypes.byref(found), None
    ):
        raise ctypes.WinError(ctypes.get_last_error())
    return found


class _PrivatePipeServer(windows_events.PipeServer):
    """asyncio's listening pipe with an access list of our own, for this machine and in byte mode."""

    _address: str | None
    _free_instances: Any

    def __init__(self, address: str) -> None:
        self._attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), _descriptor(), 0)
        super().__init__(address)

    def _server_pipe_handle(self, first: bool) -> windows_utils.PipeHandle | None:  # noqa: FBT001 - asyncio's own shape
        if self._address is None:
            return None
        flags = _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED
        if first:
            flags |= _winapi.FILE_FLAG_FIRST_PIPE_INSTANCE
        handle = _winapi.CreateNamedPipe(
            self._address,
            flags,
            _winapi.PIPE_WAIT | _REJECT_REMOTE,
            _winapi.PIPE_UNLIMITED_INSTANCES,
            windows_utils.BUFSIZE,
            windows_utils.BUFSIZE,
            _winapi.NMPWAIT_WAIT_FOREVER,
            ctypes.addressof(self._attributes),
        )
        pipe = windows_utils.PipeHandle(handle)
        self._free_instances.add(pipe)
        return pipe


async def serve(address: str, on_connection: "OnConnection", limit_bytes: int) -> Listener:
    """Listen at a pipe name; the first instance must be ours, so nobody can have taken the name before."""
    loop = asyncio.get_running_loop()

    async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pipe = writer.get_extra_info("pipe")
        if pipe is None or not client_is_me(pipe.fileno()):
            log.warning("refused a connection of another user")
            writer.close()
            return
        await on_connection(reader, writer)

    def protocol() -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit_bytes, loop), admit, loop)

    # the loop makes its server by this name; there is no argument for it
    original = windows_events.PipeServer
    windows_events.PipeServer = _PrivatePipeServer  # type: ignore[misc]
    try:
        (server,) = await loop.start_serving_pipe(protocol, address)  # type: ignore[attr-defined]
    except PermissionError as error:
        raise AlreadyRunning(f"somebody listens at {address}") from error
    finally:
        windows_events.PipeServer = original  # type: ignore[misc]
    listener: Listener = server
    return listener


class PipeChannel:
    """The client's end: what `Channel` asks for, over a pipe opened for overlapped use, so that waits can end."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self._timeout_ms: int = _winapi.INFINITE
        self.settimeout(timeout_s)
        try:
            _winapi.WaitNamedPipe(address, self._timeout_ms)
            self._handle = _winapi.CreateFile(
                address,
                _winapi.GENERIC_READ | _winapi.GENERIC_WRITE,
                0,
                _winapi.NULL,
                _winapi.OPEN_EXISTING,
                _winapi.FILE_FLAG_OVERLAPPED,
                _winapi.NULL,
            )
        except OSError as error:
            if error.winerror == _NO_SUCH_FILE:
                raise FileNotFoundError(*error.args) from error
            raise
        if not _peer_is_me(self._handle, "GetNamedPipeServerProcessId"):
            self.close()
            raise NotPrivate(f"another user listens at {address}")

    def settimeout(self, seconds: float | None, /) -> None:
        self._timeout_ms = _winapi.INFINITE if seconds is None else max(0, round(seconds * 1000))

    def sendall(self, data: bytes, /) -> None:
        rest = memoryview(data)
        while rest:
            overlapped, _ = _winapi.WriteFile(self._handle, rest, overlapped=True)
            rest = rest[self._wait(overlapped) :]

    def recv(self, size: int, /) -> bytes:
        try:
            overlapped, _ = _winapi.ReadFile(self._handle, size, overlapped=True)
            count = self._wait(overlapped)
        except BrokenPipeError:
            return b""
        return bytes(overlapped.getbuffer() or b"")[:count]

    def shutdown(self, _how: int, /) -> None:
        ctypes.WinDLL("kernel32").CancelIoEx(wintypes.HANDLE(self._handle), None)

    def close(self) -> None:
        if self._handle:
            _winapi.CloseHandle(self._handle)
            self._handle = 0

    def _wait(self, overlapped: _winapi.Overlapped) -> int:
        """How many bytes were moved, waiting no longer than the time limit."""
        if _winapi.WaitForMultipleObjects([overlapped.event], _ANY, self._timeout_ms) == _WAIT_TIMEOUT:
            overlapped.cancel()
            raise TimeoutError("the agent does not answer")
        count, error = overlapped.GetOverlappedResult(_WAIT)
        if error == _winapi.ERROR_OPERATION_ABORTED:
            raise BrokenPipeError("the connection was closed")
        return count
