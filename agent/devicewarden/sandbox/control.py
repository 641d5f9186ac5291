"""A unix socket through which a second terminal asks the running sandbox for faults and jobs.

One line each way: a JSON list of words, then a JSON object with `said`, or `error` and `hint`.
"""

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from devicewarden.model.errors import AgentError

SOCKET_NAME: Final = "control.sock"
MAX_LINE_BYTES: Final = 2**20
"""Room for the document of a job, and for a list of them."""

# A fault may restart the broker, which may take its time on a small machine.
TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.1

Answer = Callable[[list[str]], str]
"""Words -> what was done; raises AgentError."""


class _Server(socketserver.UnixStreamServer):
    def __init__(self, path: Path, answer: Answer) -> None:
        self.answer = answer
        super().__init__(str(path), _Request)

    def server_bind(self) -> None:
        super().server_bind()
        # Before it listens, so that nobody else ever gets in.
        Path(str(self.server_address)).chmod(0o600)


class _Request(socketserver.StreamRequestHandler):
    timeout = TIMEOUT_S
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            reply = _reply(self.rfile.readline(MAX_LINE_BYTES), self.server.answer)
            self.wfile.write(json.dumps(reply).encode() + b"\n")


@contextlib.contextmanager
def serve_control(directory: Path, answer: Answer) -> Iterator[None]:
    """Answer on `control.sock` in this directory, readable by its owner alone.

    Raises:
        AgentError: another sandbox runs there, or the path is too long for a socket.
    """
    path = directory / SOCKET_NAME
    path.unlink(missing_ok=True)
    try:
        server = _Server(path, answer)
    except OSError as error:
        raise AgentError(
            f"cannot listen on {path}: {error}", hint="choose a shorter --dir"
        ) from error
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            path.unlink(missing_ok=True)


def is_running(directory: Path) -> bool:
    """Whether a sandbox runs in this directory."""
    try:
        _connect(directory).close()
    except OSError:
        return False
    return True


def ask(directory: Path, words: Sequence[str]) -> str:
    """Ask the sandbox that runs in this directory.

    Returns:
        What it says.

    Raises:
        AgentError: none runs there, or it refused.
    """
    try:
        with _connect(directory) as connection:
            connection.sendall(json.dumps(list(words)).encode() + b"\n")
            with connection.makefile("rb") as lines:
                reply = json.loads(lines.readline(MAX_LINE_BYTES))
    except (OSError, ValueError) as error:
        raise AgentError(
            f"no sandbox answers in {directory}: {error}", hint="start one: devicewarden sandbox up"
        ) from error
    if "error" in reply:
        raise AgentError(reply["error"], hint=reply["hint"])
    return str(reply["said"])


def _connect(directory: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_S)
    try:
        connection.connect(str(directory / SOCKET_NAME))
    except OSError:
        connection.close()
        raise
    return connection


def _reply(line: bytes, answer: Answer) -> dict[str, str]:
    try:
        words = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f"cannot read the request: {error}", "hint": ""}
    if not isinstance(words, list) or not words:
        return {"error": "the request is not a list of words", "hint": ""}
    try:
        return {"said": answer([str(word) for word in words])}
    except AgentError as error:
        return {"error": str(error), "hint": error.hint}
