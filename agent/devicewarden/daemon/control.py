"""The unix socket that the command line asks: one line of JSON in, one line of JSON out."""

import asyncio
import contextlib
import json
import os
import socket
import stat
import struct
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Final

import structlog

from devicewarden.model.errors import AlreadyRunningError, StateError

log = structlog.get_logger()

COMMANDS: Final = frozenset({"status", "rotate"})
_MAX_REQUEST_BYTES: Final = 4096
_MAX_CLIENTS: Final = 8
_BACKLOG: Final = 128
_CREDENTIALS: Final = struct.Struct("3i")
_SO_PEERGROUPS: Final = 59
"""The peer's supplementary groups, since Linux 4.13; the socket module does not name it."""

_MAX_GROUPS_BYTES: Final = 1024
"""The most that Python's getsockopt asks for: 256 groups."""

Answer = Callable[[str], Mapping[str, object]]


class ControlServer:
    """Answers root, the daemon's own user, and members of its group.

    Args:
        path: of the socket; its folder is made if it is missing.
        answer: called on the event loop with a known command; gives a JSON document.
        timeout_s: time for a client to ask and to take its answer.
    """

    def __init__(self, path: str, answer: Answer, *, timeout_s: float = 5.0) -> None:
        self._path = Path(path)
        self._answer = answer
        self._timeout_s = timeout_s
        self._server: asyncio.Server | None = None
        self._inode = 0
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            AlreadyRunningError: another devicewarden listens there.
            StateError: the socket cannot be made.
        """
        try:
            listener = _bound(self._path)
        except (OSError, ValueError) as error:
            raise StateError(
                f"cannot listen on {self._path}: {error}",
                hint="set control.socket to a path in a folder of the agent's own",
            ) from error
        self._inode = self._path.stat().st_ino
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listener, limit=_MAX_REQUEST_BYTES, backlog=_BACKLOG
        )

    async def stop(self) -> None:
        """Send clients away and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.current_task()
        assert client is not None  # noqa: S101  a coroutine runs in a task; for the type checker
        self._clients.add(client)
        try:
            async with asyncio.timeout(self._timeout_s):
                reply = await self._reply(reader, writer)
                writer.write(json.dumps(reply).encode() + b"\n")
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError) as error:
            log.debug("control_client_lost", error=repr(error))
        finally:
            writer.transport.abort()
            self._clients.discard(client)

    async def _reply(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Mapping[str, object]:
        if not may_ask(writer.get_extra_info("socket")):
            return {"error": "only root and the agent's user and group may ask"}
        if len(self._clients) > _MAX_CLIENTS:
            return {"error": "too many ask at once; try again"}
        try:
            command = _command(await reader.readline())
        except ValueError as error:
            return {"error": f"not understood: {error}"}
        return self._answer(command)


async def open_control(
    path: str, answer: Answer, trouble: MutableMapping[str, str]
) -> ControlServer:
    """Begin to listen, unless the path is empty; an agent whom nobody can ask goes on, and says so.

    Raises:
        AlreadyRunningError: another devicewarden listens there.
    """
    control = ControlServer(path, answer)
    try:
        if path:
            await control.start()
    except AlreadyRunningError:
        raise
    except StateError as error:
        trouble["control"] = f"{error}; {error.hint}"
        log.warning("control_socket_not_opened", error=str(error), hint=error.hint)
    return control


def _command(line: bytes) -> str:
    """Parse a request.

    Raises:
        ValueError: it is too long, or not `{"command": one of COMMANDS}`.
    """
    try:
        request = json.loads(line.decode())
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    match request:
        case {"command": str(command)} if command in COMMANDS:
            return command
        case _:
            raise ValueError(f"the commands are {', '.join(sorted(COMMANDS))}")


def may_ask(peer: socket.socket) -> bool:
    """Tell whether the process at the other end is root, our user, or in our group."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _pid, uid, gid = _CREDENTIALS.unpack(credentials)
    return uid in {0, os.geteuid()} or os.getegid() in {gid, *_groups(peer)}


def _groups(peer: socket.socket) -> tuple[int, ...]:
    try:
        found = peer.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MAX_GROUPS_BYTES)
    except OSError:
        return ()
    return struct.unpack(f"{len(found) // 4}I", found)


def _bound(path: Path) -> socket.socket:
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    _make_way(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        # Nobody can connect before listen(), so the mode is in force before the first client.
        path.chmod(0o660)
        # Asked first: the unit's system call filter refuses even a change to what is.
        if path.stat().st_gid != os.getegid():
            os.chown(path, -1, os.getegid())
    except BaseException:
        listener.close()
        raise
    return listener


def _make_way(path: Path) -> None:
    """Remove the socket that a dead daemon left behind."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise StateError(f"{path} is in the way: not a socket", hint="set control.socket elsewhere")
    if _answers(path):
        raise AlreadyRunningError("another devicewarden is running", hint=f"it listens on {path}")
    path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # noqa: FBT003  positional by its own definition
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:  # its queue is full: somebody listens
            return True
    return True
