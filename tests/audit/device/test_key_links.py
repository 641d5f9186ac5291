"""Private keys that are links: what they lead to is judged."""

from pathlib import Path
from typing import Any

import pytest
from tests.audit.certificates import ec_key, key_pem
from tests.audit.device.tree import Tree, told

from devicewarden.audit.device.private_key import PrivateKeyReadable

KEY = "/etc/devicewarden/certs/private.key"
PAIR: Any = {"key_file": KEY}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    made.write(KEY).unlink()
    (tmp_path / KEY[1:]).parent.chmod(0o700)
    (tmp_path / KEY[1:]).symlink_to("../../../srv/keys/real.key")
    return made


@pytest.mark.parametrize(
    ("folder_mode", "key_mode", "codes"),
    [
        pytest.param(0o755, 0o644, ["PRIVATE_KEY_READABLE_BY_OTHERS"], id="read past the link"),
        pytest.param(0o700, 0o644, [], id="nobody enters"),
        pytest.param(0o777, 0o600, ["PRIVATE_KEY_REPLACEABLE_BY_OTHERS"], id="replaced"),
        pytest.param(0o755, 0o600, [], id="its owner alone"),
    ],
)
def test_the_folder_that_a_key_links_to_counts(
    tree: Tree, folder_mode: int, key_mode: int, codes: list[str]
) -> None:
    tree.write("/srv/keys/real.key", key_pem(ec_key("device")), key_mode)
    (tree.root / "srv/keys").chmod(folder_mode)

    found = told(tree.audit(PrivateKeyReadable(), publish=PAIR))

    assert found == [(KEY, code) for code in codes]
