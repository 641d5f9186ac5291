"""The same commit gives the same bytes, wherever and whenever it is built."""

import hashlib
import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from tests.packaging.built import ROOT, bill, build

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NOT_SOURCE = shutil.ignore_patterns(".*", "build", "dist", "__pycache__")


def test_built_again_elsewhere_it_is_the_same_file(deb: Path, tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "another place"
    shutil.copytree(ROOT, copy, ignore=NOT_SOURCE)
    (copy / "build").mkdir()
    (copy / "build" / "wheels").symlink_to(ROOT / "build" / "wheels")
    epoch = datetime.fromisoformat(bill(tree)["metadata"]["timestamp"]).timestamp()
    before = os.umask(0o077)

    try:
        again = build(
            copy,
            "amd64",
            PATH=os.environ["PATH"],
            HOME=str(tmp_path),
            LANG="C",
            SOURCE_DATE_EPOCH=str(int(epoch)),
            TZ="Pacific/Kiritimati",
        )
    finally:
        os.umask(before)

    assert again.parent == copy / "dist"
    digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (deb, again)}
    assert len(digests) == 1
