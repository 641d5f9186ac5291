"""Packages of other processors, made on this one."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.packaging.built import VENDOR, bill, built, unpacked

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ARCHITECTURES = [("arm64", "AArch64"), ("armhf", "ARM")]


@pytest.fixture(scope="module", params=ARCHITECTURES, ids=["arm64", "armhf"])
def foreign(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, deb: Path
) -> tuple[Path, str, Path]:
    del deb  # where that one is skipped, so are these
    architecture, machine = request.param
    package = built(architecture)
    return package, machine, unpacked(package, tmp_path_factory.mktemp(architecture))


def depends(deb: Path) -> str:
    return subprocess.run(
        ["dpkg-deb", "--field", deb, "Depends"], capture_output=True, text=True, check=True
    ).stdout


def test_all_that_is_compiled_is_for_its_processor(foreign: tuple[Path, str, Path]) -> None:
    _, machine, tree = foreign
    heads = subprocess.run(
        ["readelf", "--file-header", *(tree / VENDOR).rglob("*.so")],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"},
    ).stdout

    assert set(re.findall(r"Machine: +(\S+)", heads)) == {machine}


def test_what_has_no_wheel_comes_from_debian(foreign: tuple[Path, str, Path]) -> None:
    package, machine, tree = foreign
    carried = {component["name"] for component in bill(tree)["components"]}

    wanted = {part.strip() for part in depends(package).split(",")}
    of_debian = {"python3-psutil", "python3-cffi-backend"} & wanted
    if machine == "ARM":
        assert {"awscrt", "psutil", "cffi"}.isdisjoint(carried)
        assert "paho-mqtt" in carried
        assert len(of_debian) == 2
    else:
        assert {"awscrt", "psutil", "cffi"} <= carried
        assert of_debian == set()


@contextmanager
def emulated(tree: Path, root: Path) -> Iterator[list[str]]:
    """Lay a package over Debian's Python of its processor; gives what starts a program there."""
    archive = root.with_suffix(".tar")
    what = ("--architectures=arm64", "--include=base-files,libc6,libgcc-s1,python3,zlib1g")
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=extract", *what, "bookworm", archive], check=True
    )
    root.mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", root, "--exclude=./dev/*"], check=True)
    subprocess.run(["cp", "-a", f"{tree}/.", "/usr/bin/qemu-aarch64-static", root], check=True)
    (root / "dev" / "null").touch()
    (root / "proc").mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", "/proc", root / "proc"], check=True)
    try:
        # Named, so that nothing has to be registered with the machine's kernel.
        yield ["chroot", str(root), "/qemu-aarch64-static", "/usr/bin/python3.11"]
    finally:
        subprocess.run(["umount", root / "proc"], check=True)


def test_the_agent_runs_on_a_64_bit_arm(
    tmp_path_factory: pytest.TempPathFactory, deb: Path
) -> None:
    del deb
    folder = tmp_path_factory.mktemp("emulated")
    tree = unpacked(built("arm64"), folder / "package")
    launch = "/usr/lib/devicewarden/launch.py"

    with emulated(tree, folder / "root") as start:
        once = subprocess.run(
            [*start, "-IS", launch, "once", "--over", "0.1"],
            capture_output=True,
            text=True,
            check=False,
        )
        carried = subprocess.run(
            [*start, "-ISc", f"import sys; sys.path.append('/{VENDOR}'); import awscrt.mqtt5"],
            capture_output=True,
            text=True,
            check=False,
        )

    assert once.returncode == 0, once.stderr
    assert '"listening_tcp_ports"' in once.stdout
    assert carried.returncode == 0, carried.stderr
