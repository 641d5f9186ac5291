"""Unit tests touch no process and no network; tests marked e2e may."""

import socket
import subprocess

import pytest


class OutsideWorldError(AssertionError):
    """A unit test reached for a process or a socket."""


def _refuse(*_args: object, **_kwargs: object) -> None:
    raise OutsideWorldError("unit tests start no process and connect nowhere; mark the test e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell pytest-xdist what stays together: a file, and all that shares one package."""
    for item in items:
        folder = item.path.parent
        group = folder if folder.name == "packaging" else item.path
        item.add_marker(pytest.mark.xdist_group(str(group.relative_to(item.config.rootpath))))


@pytest.fixture(autouse=True)
def _outside_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("e2e") is None:
        monkeypatch.setattr(socket.socket, "connect", _refuse)
        monkeypatch.setattr(subprocess.Popen, "__init__", _refuse)
