"""Unit tests touch no process and no network; tests marked e2e may."""

import socket
import subprocess

import pytest


class OutsideWorldError(AssertionError):
    """A unit test reached for a process or a socket."""


def _refuse(*_args: object, **_kwargs: object) -> None:
    raise OutsideWorldError("unit tests start no process and connect nowhere; mark the test e2e")


@pytest.fixture(autouse=True)
def _outside_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("e2e") is None:
        monkeypatch.setattr(socket.socket, "connect", _refuse)
        monkeypatch.setattr(subprocess.Popen, "__init__", _refuse)
