"""Evidence is one archive of limited size, that root alone may read."""

import os
import tarfile
from pathlib import Path

from tests.mitigate.fake_nft import FakeNft
from tests.mitigate.hosts import ask_for, host_of, settings_of

from devicewarden.mitigate.collect_evidence import CollectEvidence
from devicewarden.mitigate.evidence import COMMANDS
from devicewarden.mitigate.process import Ended
from devicewarden.model import action_params as params
from devicewarden.model.errors import MitigationError

LIMIT_BYTES = 200_000


def babble(argv: tuple[str, ...], *, timeout_s: float, limit_bytes: int) -> Ended:
    """Say what cannot be packed, as much of it as is kept; one program is missing."""
    assert timeout_s
    if argv[0] == "ss":
        raise MitigationError("ss cannot be started: No such file or directory")
    return Ended(0, os.urandom(limit_bytes))


def collect(folder: Path, name: str) -> Path:
    settings = settings_of(evidence_max_bytes=LIMIT_BYTES, evidence_keep=2)
    host = host_of(FakeNft(), folder, settings=settings, run=babble)
    CollectEvidence(ask_for(params.CollectEvidence(), name=name), host).apply()
    return folder / "evidence" / f"{name}.tar.gz"


def test_an_archive_keeps_to_its_size_and_to_root(tmp_path: Path) -> None:
    archive = collect(tmp_path, "a")

    assert archive.stat().st_size <= LIMIT_BYTES
    assert archive.stat().st_mode & 0o777 == 0o600
    assert archive.parent.stat().st_mode & 0o777 == 0o700


def test_an_archive_tells_of_everything_and_of_what_is_missing(tmp_path: Path) -> None:
    told = {}
    with tarfile.open(collect(tmp_path, "a")) as archive:
        for member in archive:
            content = archive.extractfile(member)
            told[member.name] = content.read() if content else b""

    assert told.keys() >= {*COMMANDS, "processes.txt", "proc/net-tcp", "ledger.json"}
    assert b"ss cannot be started" in told["sockets.txt"]
    assert told["processes.txt"].splitlines()[1].startswith(b"1\t0\t0\t")


def test_only_the_newest_archives_are_kept(tmp_path: Path) -> None:
    for at, name in enumerate("abc"):
        os.utime(collect(tmp_path, name), (at, at))
    newest = collect(tmp_path, "d")

    assert newest.exists()
    assert len(list(newest.parent.iterdir())) == 2
