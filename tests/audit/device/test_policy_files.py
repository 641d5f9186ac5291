"""Policy documents on disk that are not there after all."""

import pytest
from tests.audit.device.tree import Tree, undecided

from devicewarden.audit.check import Check
from devicewarden.audit.checks.policies import IotPolicyOverlyPermissive
from devicewarden.audit.checks.roles import RoleAliasOverlyPermissive


@pytest.mark.parametrize(
    ("path", "check"),
    [
        pytest.param("/policies/gone.json", IotPolicyOverlyPermissive(), id="policy"),
        pytest.param("/policies/role-alias/gone.json", RoleAliasOverlyPermissive(), id="role"),
    ],
)
def test_a_link_that_leads_nowhere_is_called_one(
    tree: Tree, path: str, check: Check[object]
) -> None:
    tree.write(path).unlink()
    (tree.root / path[1:]).symlink_to("nowhere.json")

    reason = undecided(tree.audit(check, audit={"policies_dir": "/policies"}))

    assert f"{path} is a link that leads nowhere" in reason
