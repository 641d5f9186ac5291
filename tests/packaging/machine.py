"""A machine for a minute: a Debian, with systemd as PID 1 or with none, and what it told."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.packaging.bases import base

GUEST: Final = Path(__file__).parent / "guest"
LIMIT_S: Final = 240
ENTER: Final = ("sh", "-c", 'echo $$ > "$0/cgroup.procs"; exec "$@"')
UNIT: Final = """[Unit]
After=multi-user.target
[Service]
Type=exec
WorkingDirectory=/scene
ExecStart=/usr/bin/python3 -m tests.packaging.guest.{story}
ExecStopPost=-/bin/systemctl --no-block poweroff
"""

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Machine:
    """A release, the files that its guests find in /scene, and packages that it has besides."""

    suite: str
    files: Mapping[str, Path]
    packages: tuple[str, ...] = ()

    def boot(self, story: str) -> Told:
        """Boot systemd, let it play a story, and read what that told.

        Raises:
            AssertionError: it told nothing; with what stood on the console.
        """
        with self._root() as root:
            units = root / "etc" / "systemd" / "system"
            (units / "scene.service").write_text(UNIT.format(story=story))
            (units / "multi-user.target.wants").mkdir(exist_ok=True)
            (units / "multi-user.target.wants" / "scene.service").symlink_to("../scene.service")
            return self._told(root, ["--boot"])

    def without_systemd(self, story: str) -> Told:
        """Play a story where no service manager runs."""
        with self._root() as root:
            # It is in /scene that Python looks for the story.
            play = ["/usr/bin/python3", "-m", f"tests.packaging.guest.{story}"]
            return self._told(root, ["--as-pid2", "--chdir=/scene", *play])

    @contextmanager
    def _root(self) -> Iterator[Path]:
        """Copy the base: an overlay cannot lie on another one, as in a container."""
        with TemporaryDirectory(prefix="devicewarden-machine-") as folder:
            root = Path(folder) / "root"
            made = base(self.suite, self.packages)
            subprocess.run(["cp", "--archive", "--reflink=auto", made, root], check=True)
            self._furnish(root / "scene")
            yield root

    def _furnish(self, scene: Path) -> None:
        shutil.copytree(GUEST, scene / "tests" / "packaging" / "guest")
        for name, file in self.files.items():
            shutil.copy(file, scene / name)

    def _told(self, root: Path, how: list[str]) -> Told:
        command = [
            *(
                "timeout",
                "--kill-after=20",
                str(LIMIT_S),
                "systemd-nspawn",
                "--quiet",
                "--register=no",
                "--keep-unit",
                "--private-network",
            ),
            *(f"--machine=devicewarden-{os.getpid()}-{self.suite}", f"--directory={root}"),
            *("--hostname=gateway", "--console=read-only", *how),
        ]
        with _control_group(f"devicewarden-{os.getpid()}-{root.parent.name}") as group:
            done = subprocess.run(
                [*ENTER, group, *command],
                # Debian 13 refuses the old control groups, and there a unit never seems empty.
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        told = root / "scene" / "told.json"
        assert told.exists(), done.stdout.decode(errors="replace")[-4000:]
        document: Told = json.loads(told.read_bytes())
        return document


@contextmanager
def _control_group(name: str) -> Iterator[Path]:
    """Make one for a machine: two machines in the same would kill and remove each other's units."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    group = next(Path(where) for _, where, kind, *_ in mounts if kind == "cgroup2") / name
    group.mkdir()
    try:
        yield group
    finally:
        folders = [folder for folder, _, _ in os.walk(group, topdown=False)]
        for folder in folders:
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
