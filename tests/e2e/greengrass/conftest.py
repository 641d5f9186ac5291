"""A nucleus on a Unix socket, and what a component finds in its environment."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.greengrass.nucleus import Nucleus


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, for the sockets in it."""
    with TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def nucleus(folder: Path) -> Iterator[Nucleus]:
    running = Nucleus(folder / "ipc.socket")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def environ(nucleus: Nucleus) -> dict[str, str]:
    """What the nucleus tells a component by its environment."""
    return {
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": str(nucleus.path),
        "SVCUID": nucleus.token,
        "AWS_IOT_THING_NAME": "core-1",
    }
