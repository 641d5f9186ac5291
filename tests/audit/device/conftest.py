"""A host of files for each test."""

from pathlib import Path

import pytest
from tests.audit.device.tree import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root = tmp_path / "root"
    root.mkdir()
    return Tree(root)
