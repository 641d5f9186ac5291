"""The agent's units in force, as systemd puts them together."""

from pathlib import Path

import pytest
from tests.audit.device.tree import Tree, told, undecided

from devicewarden.audit.device.unit_hardening import (
    CAPABILITIES,
    PROTECTED,
    Unit,
    UnitHardeningWeakened,
)

SHIPPED = Path(__file__).parents[3] / "systemd"
LIB = "/usr/lib/systemd/system"
UNIT = f"{LIB}/devicewarden.service"
DROP_IN = "/etc/systemd/system/devicewarden.service.d/override.conf"


@pytest.fixture
def installed(tree: Tree) -> Tree:
    for name in CAPABILITIES:
        tree.write(f"{LIB}/{name}", (SHIPPED / name).read_text())
    return tree


def weakened(host: Tree) -> list[str]:
    findings, run = host.audit(UnitHardeningWeakened())
    assert run.status != "FAILED"
    return [
        f"{found.resource.identifier['path']} {reason}"
        for found in findings
        for reason in found.reason.split("; ")
    ]


def test_the_units_as_they_are_shipped_comply(installed: Tree) -> None:
    assert weakened(installed) == []
    assert len(list(installed.subjects(Unit))) == 2


def test_the_drop_ins_that_are_shipped_comply(installed: Tree) -> None:
    for path in (SHIPPED / "drop-ins").glob("*.conf"):
        installed.write(f"/etc/systemd/system/devicewarden.service.d/{path.name}", path.read_text())

    assert weakened(installed) == []


def test_a_host_without_systemd_is_not_judged(tree: Tree) -> None:
    assert weakened(tree) == []


@pytest.mark.parametrize("name", PROTECTED)
def test_every_protection_that_is_taken_away_is_found(installed: Tree, name: str) -> None:
    value = "" if name == "SystemCallArchitectures" else "no"
    installed.write(DROP_IN, f"[Service]\n{name}={value}\n")

    (found,) = weakened(installed)

    assert found.startswith(f"{DROP_IN} devicewarden.service: {name}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("User=root", "User=root", id="root"),
        pytest.param("User=", "User is not set", id="nobody named"),
        pytest.param("SystemCallFilter=", "SystemCallFilter is not set", id="all calls"),
        pytest.param(
            "AmbientCapabilities=CAP_SYS_ADMIN", "AmbientCapabilities=CAP_SYS_ADMIN", id="admin"
        ),
        pytest.param(
            "CapabilityBoundingSet=~CAP_SYS_TIME",
            "CapabilityBoundingSet=~CAP_SYS_TIME",
            id="all but one",
        ),
        pytest.param("ProtectSystem = full", "ProtectSystem=full", id="blanks"),
        pytest.param("# why\nProtect\\\n; why\nSystem=no", "", id="no setting"),
    ],
)
def test_a_setting_that_opens_the_unit_is_found(installed: Tree, text: str, expected: str) -> None:
    installed.write(DROP_IN, f"[Service]\n{text}\n")

    found = weakened(installed)

    assert found == ([f"{DROP_IN} devicewarden.service: {expected}"] if expected else [])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[Unit]\nPrivateTmp=no\n", id="another section"),
        pytest.param("[Service]\n#PrivateTmp=no\n;PrivateTmp=no\n", id="a comment"),
        pytest.param("[Service]\nPrivateTmp=no\nPrivateTmp=yes\n", id="put right"),
        pytest.param("[Service]\nMemoryMax=1G\nEnvironment=A=B\n", id="something else"),
    ],
)
def test_drop_ins_that_take_nothing_away_comply(installed: Tree, text: str) -> None:
    installed.write(DROP_IN, text)

    assert weakened(installed) == []


@pytest.mark.parametrize(
    "folder",
    [
        "/run/systemd/system/devicewarden.service.d",
        "/etc/systemd/system/service.d",
        "/usr/local/lib/systemd/system/devicewarden.service.d",
    ],
)
def test_drop_ins_are_found_wherever_systemd_reads_them(installed: Tree, folder: str) -> None:
    installed.write(f"{folder}/open.conf", "[Service]\nNoNewPrivileges=no\n")

    assert f"{folder}/open.conf devicewarden.service: NoNewPrivileges=no" in weakened(installed)


def test_a_drop_in_for_units_of_a_prefix_counts_for_those_alone(installed: Tree) -> None:
    path = "/etc/systemd/system/devicewarden-.service.d/open.conf"
    installed.write(path, "[Service]\nPrivateTmp=no\n")

    assert weakened(installed) == [f"{path} devicewarden-audit.service: PrivateTmp=no"]


def test_later_names_win_and_etc_hides_the_same_name_elsewhere(installed: Tree) -> None:
    open_, shut = "[Service]\nPrivateTmp=no\n", "[Service]\nPrivateTmp=yes\n"
    installed.write("/etc/systemd/system/devicewarden.service.d/10.conf", open_)
    installed.write("/run/systemd/system/devicewarden.service.d/20.conf", shut)
    installed.write(f"{UNIT}.d/90.conf", open_)
    installed.link("/etc/systemd/system/devicewarden.service.d/90.conf", "/dev/null")

    assert weakened(installed) == []


def test_a_unit_in_etc_takes_the_place_of_the_shipped_one(installed: Tree) -> None:
    own = "/etc/systemd/system/devicewarden.service"
    installed.write(own, "[Service]\nExecStart=/usr/bin/devicewarden run\n")

    found = weakened(installed)

    assert {f"{own} devicewarden.service: {name} is not set" for name in PROTECTED} < set(found)
    assert f"{own} devicewarden.service: CapabilityBoundingSet is not set" in found


def test_a_drop_in_that_leads_nowhere_is_undecided(installed: Tree) -> None:
    installed.link(DROP_IN, "nowhere")

    assert DROP_IN in undecided(installed.audit(UnitHardeningWeakened()))


def test_all_faults_of_one_file_are_one_finding(installed: Tree) -> None:
    installed.write(DROP_IN, "[Service]\nPrivateTmp=no\nProtectHome=no\n")

    assert told(installed.audit(UnitHardeningWeakened())) == [(DROP_IN, "UNIT_PROTECTION_REMOVED")]
