"""File systems that tests boot: made once for each Debian release, kept in the cache folder."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

PACKAGES: Final = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "nftables",
    "passwd",
    "python3",
    "systemd",
    "systemd-sysv",
)
QUIET: Final = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "systemd-tmpfiles-clean.timer",
)
"""Nobody waits for these, and some start while something is measured."""


def base(suite: str, more: tuple[str, ...] = ()) -> Path:
    """Give the root folder of a release with systemd; takes most of a minute the first time.

    Args:
        suite: the release.
        more: packages besides.

    Raises:
        subprocess.CalledProcessError: mmdebstrap failed, on a machine without network say.
    """
    packages = (*PACKAGES, *more)
    recipe = hashlib.sha256(" ".join((*packages, *QUIET)).encode()).hexdigest()[:12]
    made = _cache() / f"{suite}-{recipe}"
    made.parent.mkdir(parents=True, exist_ok=True)
    # Who runs tests beside these waits for the same base; the lock ends with the process.
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            draft = made.with_name(f".{made.name}.{os.getpid()}")
            draft.mkdir()
            try:
                _make(suite, packages, draft)
                draft.rename(made)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return made


def _cache() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "devicewarden" / "bases"


def _make(suite: str, packages: tuple[str, ...], root: Path) -> None:
    # By way of a tar file: in some containers mmdebstrap may not make device nodes.
    archive = root.with_suffix(".tar")
    try:
        include = f"--include={','.join(packages)}"
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=apt", include, suite, archive], check=True
        )
        subprocess.run(["tar", "-xf", archive, "-C", root, "--exclude=./dev/*"], check=True)
    finally:
        archive.unlink(missing_ok=True)
    (root / "etc" / "machine-id").write_text("")
    for unit in QUIET:
        (root / "etc" / "systemd" / "system" / unit).symlink_to("/dev/null")
