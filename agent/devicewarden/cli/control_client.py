"""Asks the running daemon."""

import contextlib
import json
import socket
import time
from typing import Any, Final

from devicewarden.model.errors import AgentError

_MAX_REPLY_BYTES: Final = 2**20


def ask(socket_path: str, command: str, *, timeout_s: float = 10.0) -> dict[str, Any]:
    """Send one command to the daemon and return its answer.

    Raises:
        AgentError: no daemon runs, it may not be asked, or it gives no answer; the hint says what
            to do.
    """
    reply = _parsed(_exchange(socket_path, command, timeout_s))
    if "error" in reply:
        raise AgentError(f"the daemon refused: {reply['error']}")
    return reply


def _exchange(socket_path: str, command: str, timeout_s: float) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
            daemon.settimeout(timeout_s)
            daemon.connect(socket_path)
            # A daemon that refuses does not wait for the command, but its reason can be read.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                daemon.sendall(json.dumps({"command": command}).encode() + b"\n")
            return _line(daemon, time.monotonic() + timeout_s)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise AgentError(
            f"no daemon answers on {socket_path}",
            hint="start it: systemctl start devicewarden, or devicewarden run",
        ) from error
    except PermissionError as error:
        raise AgentError(
            f"no permission to ask the daemon on {socket_path}",
            hint="ask as root, or as a member of its group: usermod -aG devicewarden USER",
        ) from error
    except TimeoutError as error:
        raise AgentError(
            f"the daemon gave no answer within {timeout_s:g} s", hint="see its log"
        ) from error
    except OSError as error:
        raise AgentError(f"cannot ask the daemon on {socket_path}: {error}") from error


def _line(daemon: socket.socket, deadline_s: float) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) <= _MAX_REPLY_BYTES:
        # One deadline for all of it: a byte now and then would go on for ever. 0 would not wait.
        daemon.settimeout(max(deadline_s - time.monotonic(), 0.001))
        part = daemon.recv(65536)
        if not part:
            break
        line += part
    return line


def _parsed(reply: bytes) -> dict[str, Any]:
    document = None
    if len(reply) <= _MAX_REPLY_BYTES:
        with contextlib.suppress(ValueError, RecursionError):
            document = json.loads(reply)
    if not isinstance(document, dict):
        raise AgentError(
            "the daemon's answer is not understood", hint="is it of the same version? see its log"
        )
    return document
