"""One package for all tests of a run."""

import os
from pathlib import Path

import pytest
from tests.packaging.built import built, unpacked


@pytest.fixture(scope="session")
def deb() -> Path:
    """The package of this machine."""
    if os.geteuid() != 0:
        pytest.skip("packages are built and installed as root, as CI does")
    return built("amd64")


@pytest.fixture(scope="session")
def tree(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files."""
    return unpacked(deb, tmp_path_factory.mktemp("package"))
