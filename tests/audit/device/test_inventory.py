"""The inventory of a device: every check finds its subjects, and one fault hides nothing else."""

import os
from typing import Any

import pytest
from tests.audit.device.tree import CODE, Tree, told, undecided
from tests.state.scene import START, Clock, opened

from devicewarden.audit import registry
from devicewarden.audit.checks.conflicting_client_ids import ConflictingClientIds
from devicewarden.audit.checks.policies import IotPolicyOverlyPermissive
from devicewarden.audit.checks.roles import (
    AuthenticatedCognitoRoleOverlyPermissive,
    RoleAliasOverlyPermissive,
    UnauthenticatedCognitoRoleOverlyPermissive,
)
from devicewarden.audit.device.agent_files import AgentFileWritable, AgentPath
from devicewarden.audit.device.inventory import READERS, open_inventory
from devicewarden.audit.device.private_key import KeyFile, PrivateKeyReadable
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.runner import run_checks
from devicewarden.audit.subject import IotPolicy
from devicewarden.audit.suppress import Suppressions
from devicewarden.config.settings import Settings

POLICIES = "/etc/devicewarden/policies"
BROAD = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
NARROW = (
    '{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/b"}}'
)


def test_every_class_is_read_by_one_reader_and_judged_by_a_check(tree: Tree) -> None:
    read = [kind for reader in READERS for kind in reader.classes]
    judged = {check.subject for check in registry.checks()}

    assert len(read) == len(set(read))
    assert set(read) == tree.inventory().classes <= judged


def test_an_empty_host_is_audited_to_the_end(tree: Tree) -> None:
    inventory = tree.inventory()

    findings, runs = run_checks(inventory, registry.checks(), Suppressions((), START), START)

    assert findings == ()
    assert [run.check for run in runs if run.status == "FAILED"] == [
        "clock-not-synchronized",
        "password-empty-or-default",
        "root-listener-on-all-interfaces",
    ]


def test_this_machine_is_audited_to_the_end() -> None:
    inventory = open_inventory(Settings())

    _, runs = run_checks(inventory, registry.checks(), Suppressions((), START), START)

    assert sum(run.resources for run in runs) > 0


@pytest.mark.parametrize(
    ("path", "check"),
    [
        ("role-alias/gateway.json", RoleAliasOverlyPermissive()),
        ("role-alias/gateway/inline.json", RoleAliasOverlyPermissive()),
        ("cognito-auth/app.json", AuthenticatedCognitoRoleOverlyPermissive()),
        ("cognito-unauth/app.json", UnauthenticatedCognitoRoleOverlyPermissive()),
        ("gateway.json", IotPolicyOverlyPermissive()),
    ],
)
def test_policies_are_judged_by_the_folder_they_lie_in(tree: Tree, path: str, check: Any) -> None:
    tree.write(f"{POLICIES}/{path}", BROAD)
    broad, _ = tree.audit(check)
    tree.write(f"{POLICIES}/{path}", NARROW)
    narrow, run = tree.audit(check)

    assert broad
    assert broad[0].resource.info["path"].startswith(POLICIES)
    assert (narrow, run.status, run.resources) == ([], "COMPLETED_COMPLIANT", 1)


def test_documents_of_one_role_are_judged_together(tree: Tree) -> None:
    tree.write(f"{POLICIES}/role-alias/gateway/a.json", BROAD)
    tree.write(f"{POLICIES}/role-alias/gateway/b.json", BROAD.replace("Allow", "Deny"))

    assert told(tree.audit(RoleAliasOverlyPermissive())) == []


def test_a_policy_that_cannot_be_read_does_not_hide_the_others(tree: Tree) -> None:
    tree.write(f"{POLICIES}/a.json", "x" * (10 << 20))
    tree.folder(f"{POLICIES}/b.json")
    tree.write(f"{POLICIES}/c.json", BROAD)
    tree.write(f"{POLICIES}/readme.txt", "not a policy")

    subjects = list(tree.subjects(IotPolicy))

    assert [type(each) for each in subjects] == [Unreadable, Unreadable, IotPolicy]


def test_a_named_pipe_does_not_hold_up_the_audit(tree: Tree) -> None:
    tree.folder(POLICIES)
    os.mkfifo(tree.root / POLICIES[1:] / "pipe.json")

    assert "is not a file" in undecided(tree.audit(IotPolicyOverlyPermissive()))


def test_takeovers_are_read_from_the_agents_state(tree: Tree) -> None:
    folder, clock = tree.folder("/var/lib/devicewarden"), Clock()
    state = opened(folder, clock)
    for _ in range(3):
        state.takeovers.record()
        clock.turn(hours=1)
    state.close()
    sections: Any = {"publish": {"endpoint": "broker"}, "thing": {"client_id": "gateway"}}
    inventory = tree.inventory(**sections)

    (found,), (run,) = run_checks(
        inventory, [ConflictingClientIds()], Suppressions((), clock.now), clock.now
    )

    assert found.finding.resource.identifier == {"clientId": "gateway"}
    assert run.status == "COMPLETED_NON_COMPLIANT"


def test_a_state_file_that_is_none_is_undecided(tree: Tree) -> None:
    tree.write("/var/lib/devicewarden/state.db", "nonsense" * 100)

    result = tree.audit(ConflictingClientIds(), publish={"endpoint": "broker"})

    assert "state.db" in undecided(result)


def test_a_path_that_cannot_be_looked_at_is_not_taken_for_nothing(tree: Tree) -> None:
    tree.link("/var/lib/devicewarden", "devicewarden")

    result = tree.audit(ConflictingClientIds(), publish={"endpoint": "broker"})

    assert "state.db cannot be read" in undecided(result)


def test_an_agent_that_never_ran_is_not_judged(tree: Tree) -> None:
    assert told(tree.audit(ConflictingClientIds(), publish={"endpoint": "broker"})) == []


@pytest.mark.parametrize(
    ("path", "mode", "found"),
    [
        pytest.param("/etc/devicewarden/config.toml", 0o644, False, id="as installed"),
        pytest.param("/etc/devicewarden/config.toml", 0o666, True, id="configuration"),
        pytest.param("/etc/devicewarden/profiles/a.json", 0o646, True, id="profile"),
        pytest.param(f"{CODE}/cli/main.py", 0o777, True, id="code"),
        pytest.param("/usr/bin/devicewarden", 0o757, True, id="command"),
        pytest.param("/var/lib/devicewarden/state.db", 0o602, True, id="state"),
        pytest.param("/srv/site/config.toml", 0o666, False, id="somebody else's"),
    ],
)
def test_files_that_everybody_may_write_do_not_comply(
    tree: Tree, path: str, mode: int, *, found: bool
) -> None:
    tree.write(path, "", mode)

    expected = [(path, "WRITABLE_BY_EVERYBODY")] if found else []
    assert told(tree.audit(AgentFileWritable())) == expected


def test_a_folder_above_is_as_good_as_the_file_unless_it_is_sticky(tree: Tree) -> None:
    tree.write("/etc/devicewarden/config.toml")
    tree.folder("/etc", 0o777)

    open_folder = told(tree.audit(AgentFileWritable()))
    tree.folder("/etc", 0o1777)
    sticky = told(tree.audit(AgentFileWritable()))

    assert (open_folder, sticky) == ([("/etc", "WRITABLE_BY_EVERYBODY")], [])


def test_links_are_not_followed_out_of_the_agents_folders(tree: Tree) -> None:
    tree.write("/srv/other", "", 0o666)
    tree.link("/etc/devicewarden/link", str(tree.root / "srv/other"))

    assert "/srv/other" not in [each.path for each in tree.subjects(AgentPath)]
    assert told(tree.audit(AgentFileWritable())) == []


def test_a_key_that_a_group_may_read_does_not_comply_unless_it_is_roots() -> None:
    facts: Any = {"path": "/k", "mode": 0o640, "reachable": False, "open_folders": ()}
    check = PrivateKeyReadable()

    assert list(check.judge(KeyFile(foreign_group=False, **facts), START)) == []
    assert len(list(check.judge(KeyFile(foreign_group=True, **facts), START))) == 1
