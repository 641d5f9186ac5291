"""The control socket with real clients, kind and hostile."""

import asyncio
import contextlib
import json
import os
import socket
import stat
import struct
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from devicewarden.cli.control_client import ask
from devicewarden.daemon.control import ControlServer, may_ask
from devicewarden.model.errors import AgentError, StateError

pytestmark = pytest.mark.e2e
STATUS = {"version": "0.1.0", "problems": {}, "thing": "edge-ü\n17"}
QUESTION = b'{"command": "status"}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


def status(_command: str) -> Mapping[str, object]:
    return STATUS


def served(
    path: Path, client: Callable[[], Coroutine[Any, Any, Any]], timeout_s: float = 5.0
) -> Any:
    """Run a server and a client to its end, which must come."""

    async def main() -> Any:
        server = ControlServer(str(path), status, timeout_s=timeout_s)
        await server.start()
        try:
            return await asyncio.wait_for(client(), 30)
        finally:
            await server.stop()

    return asyncio.run(main())


async def say(path: Path, request: bytes) -> dict[str, Any]:
    """Send bytes as a simple program does, and read the reply."""

    def exchange() -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(str(path))
            with contextlib.suppress(ConnectionError):
                client.sendall(request)
            return heard(client)

    return await asyncio.to_thread(exchange)


def heard(client: socket.socket) -> dict[str, Any]:
    with client.makefile("rb") as lines:
        reply: dict[str, Any] = json.loads(lines.readline())
    return reply


def test_the_command_line_gets_the_status(path: Path) -> None:
    answer = served(path, lambda: asyncio.to_thread(ask, str(path), "status"))

    assert answer == STATUS


def test_the_socket_is_for_owner_and_group(path: Path) -> None:
    found = served(path, lambda: asyncio.to_thread(path.stat))

    assert stat.S_IMODE(found.st_mode) == 0o660
    assert (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())


def test_the_socket_is_gone_after_the_stop(path: Path) -> None:
    served(path, lambda: say(path, QUESTION))

    assert not path.exists()
    assert path.parent.exists()


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"\n", id="empty line"),
        pytest.param(b"status\n", id="no JSON"),
        pytest.param(b"\xff\xfe\x00\n", id="no UTF-8"),
        pytest.param(b"[" * 4000 + b"\n", id="nested"),
        pytest.param(b'{"command": "reboot"}\n', id="unknown command"),
        pytest.param(b'{"command": ["status"]}\n', id="wrong type"),
        pytest.param(b'["status"]\n', id="a list"),
        pytest.param(b"x" * 5000 + b"\n", id="long line"),
        pytest.param(b"x" * 2_000_000, id="no end"),
        pytest.param(b'{"command": 1' + b"0" * 4000 + b"}\n", id="huge number"),
    ],
)
def test_a_bad_request_gets_an_error_and_the_next_client_its_answer(
    path: Path, request_bytes: bytes
) -> None:
    async def both() -> tuple[dict[str, Any], dict[str, Any]]:
        return await say(path, request_bytes), await say(path, QUESTION)

    bad, good = served(path, both)

    assert bad.keys() == {"error"}
    assert good == STATUS


def test_clients_that_never_finish_are_sent_away_in_time(path: Path) -> None:
    async def slow() -> tuple[bytes, dict[str, Any]]:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"comm')
        rest = await reader.read()
        writer.close()
        return rest, await say(path, QUESTION)

    rest, after = served(path, slow, timeout_s=0.05)

    assert rest == b""
    assert after == STATUS


def test_idle_clients_can_keep_others_out_only_until_their_time_is_over(path: Path) -> None:
    async def crowd() -> tuple[dict[str, Any], dict[str, Any]]:
        idle = [await asyncio.open_unix_connection(str(path)) for _ in range(8)]
        refused = await say(path, QUESTION)
        for reader, writer in idle:
            await reader.read()
            writer.close()
        return refused, await say(path, QUESTION)

    refused, after = served(path, crowd, timeout_s=0.5)

    assert refused.keys() == {"error"}
    assert after == STATUS


def test_a_hundred_clients_at_once_are_each_answered_or_told_to_wait(path: Path) -> None:
    async def rush() -> list[dict[str, Any]]:
        clients = [socket.socket(socket.AF_UNIX) for _ in range(100)]
        for client in clients:
            client.settimeout(30)
            client.connect(str(path))
            client.send(QUESTION)
        answers = [await asyncio.to_thread(heard, client) for client in clients]
        for client in clients:
            client.close()
        return answers

    answers = served(path, rush)

    assert len(answers) == 100
    assert STATUS in answers
    assert all(answer == STATUS or answer.keys() == {"error"} for answer in answers)


def test_a_client_that_hangs_up_at_once_harms_nothing(path: Path) -> None:
    async def rude() -> dict[str, Any]:
        for _ in range(20):
            _, writer = await asyncio.open_unix_connection(str(path))
            writer.transport.abort()
        return await say(path, QUESTION)

    assert served(path, rude) == STATUS


def test_a_client_that_takes_no_answer_is_sent_away(path: Path) -> None:
    async def main() -> Mapping[str, object]:
        server = ControlServer(str(path), lambda _: {"long": "x" * 10**7}, timeout_s=0.05)
        await server.start()
        with socket.socket(socket.AF_UNIX) as lazy:
            lazy.connect(str(path))
            lazy.send(QUESTION)
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(b"wrong\n")
            answer: Mapping[str, object] = json.loads(await reader.readline())
            writer.close()
        await server.stop()
        return answer

    assert asyncio.run(main()).keys() == {"error"}


def test_stop_does_not_wait_for_idle_clients(path: Path) -> None:
    async def main() -> bytes:
        server = ControlServer(str(path), status, timeout_s=3600)
        await server.start()
        reader, writer = await asyncio.open_unix_connection(str(path))
        await say(path, QUESTION)
        await asyncio.wait_for(server.stop(), 30)
        rest = await reader.read()
        writer.close()
        return rest

    assert asyncio.run(main()) == b""


def test_the_socket_of_a_dead_daemon_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    assert served(path, lambda: say(path, QUESTION)) == STATUS


def test_a_second_daemon_is_refused_and_the_first_goes_on(path: Path) -> None:
    async def second() -> dict[str, Any]:
        with pytest.raises(StateError, match="another devicewarden is running"):
            await ControlServer(str(path), status).start()
        return await say(path, QUESTION)

    assert served(path, second) == STATUS


def test_a_file_in_the_way_is_not_deleted(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")

    with pytest.raises(StateError, match="not a socket"):
        served(path, lambda: say(path, QUESTION))

    assert path.read_text() == "precious"


def test_a_stop_leaves_the_socket_of_a_successor_alone(path: Path) -> None:
    async def main() -> dict[str, Any]:
        first, second = (ControlServer(str(path), status) for _ in range(2))
        await first.start()
        await asyncio.to_thread(path.unlink)
        await second.start()
        await first.stop()
        answer = await say(path, QUESTION)
        await second.stop()
        return answer

    assert asyncio.run(main()) == STATUS


@pytest.mark.parametrize("name", ["x" * 200, "folder/\0"])
def test_an_impossible_path_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(StateError, match="cannot listen"):
        served(tmp_path / name, lambda: say(tmp_path, QUESTION))


class Peer:
    """The far end of a socket, as the kernel describes it."""

    def __init__(self, uid: int, gid: int, groups: tuple[int, ...] | None) -> None:
        self._answers = {
            socket.SO_PEERCRED: struct.pack("3i", 1, uid, gid),
            59: None if groups is None else struct.pack(f"{len(groups)}I", *groups),
        }

    def getsockopt(self, level: int, option: int, _size: int) -> bytes:
        assert level == socket.SOL_SOCKET
        answer = self._answers[option]
        if answer is None:
            raise OSError("no such option on an old kernel")
        return answer


OURS, THEIRS = os.getegid(), os.getegid() + 4000


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        pytest.param(Peer(0, THEIRS, ()), True, id="root"),
        pytest.param(Peer(os.geteuid(), THEIRS, ()), True, id="own user"),
        pytest.param(Peer(4001, OURS, ()), True, id="own group"),
        pytest.param(Peer(4001, THEIRS, (7, OURS)), True, id="supplementary group"),
        pytest.param(Peer(4001, THEIRS, (7, 8)), False, id="stranger"),
        pytest.param(Peer(4001, THEIRS, None), False, id="stranger, old kernel"),
    ],
)
def test_who_may_ask(peer: Any, allowed: bool) -> None:  # noqa: FBT001  a column of the table
    assert may_ask(peer) is allowed


@contextlib.contextmanager
def acting_as(uid: int, gid: int, groups: list[int]) -> Iterator[None]:
    old = os.getgroups()
    os.setgroups(groups)
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(old)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
@pytest.mark.parametrize(("groups", "allowed"), [([], False), ([0], True)])
def test_the_kernel_tells_who_asks(groups: list[int], allowed: bool) -> None:  # noqa: FBT001  a column
    async def stranger(path: Path) -> dict[str, Any]:
        await asyncio.to_thread(path.chmod, 0o666)
        with socket.socket(socket.AF_UNIX) as client:
            with acting_as(4001, 4001, groups):
                client.connect(str(path))
            client.sendall(QUESTION)
            reader, writer = await asyncio.open_unix_connection(sock=client)
            answer: dict[str, Any] = json.loads(await reader.readline())
            writer.close()
            return answer

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "control.sock"
        answer = served(path, lambda: stranger(path))

    assert (answer == STATUS) is allowed
    assert allowed or "only root" in answer["error"]


def told(listener: socket.socket, reply: bytes) -> None:
    with listener.accept()[0] as client:
        client.recv(100)
        client.sendall(reply)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(b"", "not understood", id="nothing"),
        pytest.param(b"<html>\n", "not understood", id="no JSON"),
        pytest.param(b"[]\n", "not understood", id="no object"),
        pytest.param(b"[" * 100_000 + b"\n", "not understood", id="nested"),
        pytest.param(b'{"error": "too many"}\n', "refused: too many", id="error"),
    ],
)
def test_a_strange_answer_is_a_clear_error(tmp_path: Path, reply: bytes, message: str) -> None:
    path = str(tmp_path / "control.sock")

    async def main() -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            telling = asyncio.create_task(asyncio.to_thread(told, listener, reply))
            with pytest.raises(AgentError, match=message):
                await asyncio.to_thread(ask, path, "status")
            await telling

    asyncio.run(main())


def test_an_endless_answer_is_cut_off(tmp_path: Path) -> None:
    path = str(tmp_path / "control.sock")

    def flood(listener: socket.socket) -> None:
        with listener.accept()[0] as client, contextlib.suppress(ConnectionError):
            client.sendall(b"x" * 3_000_000)

    async def main() -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            flooding = asyncio.create_task(asyncio.to_thread(flood, listener))
            with pytest.raises(AgentError, match="not understood"):
                await asyncio.to_thread(ask, path, "status")
            await flooding

    asyncio.run(main())


def test_a_silent_daemon_is_a_clear_error(tmp_path: Path) -> None:
    path = str(tmp_path / "control.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        with pytest.raises(AgentError, match=r"no answer within 0\.05 s"):
            ask(path, "status", timeout_s=0.05)


def test_an_answer_that_comes_byte_by_byte_is_waited_for_no_longer(tmp_path: Path) -> None:
    path, over = str(tmp_path / "control.sock"), threading.Event()

    def drip(listener: socket.socket) -> None:
        with listener.accept()[0] as client, contextlib.suppress(ConnectionError):
            for _ in range(200):
                client.sendall(b" ")
                over.wait(0.05)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        dripping = threading.Thread(target=drip, args=(listener,))
        dripping.start()
        with pytest.raises(AgentError, match="no answer within"):
            ask(path, "status", timeout_s=0.2)
        over.set()
        dripping.join()


@pytest.mark.parametrize("left_behind", [False, True])
def test_no_daemon_is_a_clear_error_with_a_hint(tmp_path: Path, left_behind: bool) -> None:  # noqa: FBT001  a column
    path = str(tmp_path / "control.sock")
    if left_behind:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(path)

    with pytest.raises(AgentError, match="no daemon answers") as caught:
        ask(path, "status")

    assert "systemctl start devicewarden" in caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
def test_a_stranger_is_told_which_group_may_ask() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        Path(folder).chmod(0o700)
        path = str(Path(folder) / "control.sock")
        listener.bind(path)
        listener.listen()

        with (
            acting_as(4001, 4001, []),
            pytest.raises(AgentError, match="no permission") as caught,
        ):
            ask(path, "status")

    assert "usermod -aG devicewarden" in caught.value.hint
