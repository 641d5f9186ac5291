"""One package, its next version, and two machines on which each lives from install to purge."""

import os
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.packaging.built import built, unpacked
from tests.packaging.machine import Machine
from tests.packaging.repack import next_version

from devicewarden.sandbox.pki import Authority

ROOT = Path(__file__).parent.parent.parent
SUITES = ("bookworm", "trixie")
TOOLS = ("mmdebstrap", "systemd-nspawn")


@pytest.fixture(scope="session")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this machine; a copy, for who builds next replaces the one in dist/."""
    if os.geteuid() != 0:
        pytest.skip("packages are built and installed as root, as CI does")
    return Path(shutil.copy(built("amd64"), tmp_path_factory.mktemp("built")))


@pytest.fixture(scope="session")
def tree(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files."""
    return unpacked(deb, tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def files(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """What every machine finds in /scene: a package and its next version, and a device's key."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: make system-packages")
    folder = tmp_path_factory.mktemp("scene")
    device = Authority(folder).issue_client(folder, "edge-7")
    return {
        # By its own name too, since that is how the README installs it.
        deb.name: deb,
        "old.deb": deb,
        "new.deb": next_version(deb, folder),
        "certificate.pem": device.cert_file,
        "private.key": device.key_file,
        "install.sh": _readme_install(folder),
        "version-1.db": ROOT / "tests" / "data" / "state" / "version-1.db",
    }


def _readme_install(folder: Path) -> Path:
    """Take what the README tells an operator to type on a device."""
    section = (ROOT / "README.md").read_text().partition("## Install on a Pi")[2]
    (block, *_) = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    script = folder / "install.sh"
    # The story is root's already.
    script.write_text(block.replace("sudo ", ""))
    return script


@pytest.fixture(scope="session")
def _lives(files: Mapping[str, Path]) -> Mapping[str, Future[Mapping[str, Any]]]:
    # Both at once: half of the time each waits for systemd.
    with ThreadPoolExecutor() as pool:
        return {suite: pool.submit(Machine(suite, files).boot, "life") for suite in SUITES}


@pytest.fixture(scope="session", params=SUITES)
def life(
    request: pytest.FixtureRequest, _lives: Mapping[str, Future[Mapping[str, Any]]]
) -> Mapping[str, Any]:
    """What was told of a package's life under the systemd of one release: scene -> facts."""
    return _lives[request.param].result()


@pytest.fixture(scope="session")
def bare(files: Mapping[str, Path]) -> Mapping[str, Any]:
    """What was told where no service manager runs: scene -> facts."""
    return Machine("bookworm", files).without_systemd("bare")
