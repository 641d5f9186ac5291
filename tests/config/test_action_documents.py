"""Mitigation actions and standing orders are read as the AWS CLI takes them, or refused whole."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.action_documents import MAX_FILES, load_action_documents
from devicewarden.model.action import MitigationAction
from devicewarden.model.action_params import (
    AddThingsToThingGroup,
    BlockDestination,
    BlockPort,
    CollectEvidence,
    LimitEgressRate,
    Params,
    Port,
    Quarantine,
    RunCommand,
    StopUnit,
)
from devicewarden.model.errors import ConfigError

EXAMPLES = Path(__file__).parent.parent / "data" / "mitigate"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def write(folder: Path, *documents: object) -> Path:
    for index, document in enumerate(documents):
        (folder / f"{index}.json").write_text(json.dumps(document))
    return folder


def action(params: Mapping[str, Any], name: str = "act") -> dict[str, Any]:
    return {"actionName": name, "actionParams": params}


def detect_order(**changed: Any) -> dict[str, Any]:
    order = {"taskId": "t", "target": {"securityProfileName": "p"}, "actions": ["act"]}
    return {**order, **changed}


def audit_order(**changed: Any) -> dict[str, Any]:
    order = {
        "taskId": "t",
        "target": {},
        "auditCheckToActionsMapping": {"LOGGING_DISABLED_CHECK": ["act"]},
    }
    return {**order, **changed}


def refusals(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_action_documents(folder)
    return [problem.message for problem in refused.value.problems]


def test_requests_as_aws_takes_them_are_read() -> None:
    read = load_action_documents(EXAMPLES)

    actions, (violations,), (findings,) = (
        read.orders.actions,
        read.orders.for_violations,
        read.orders.for_findings,
    )
    assert [each.type for each in actions.values()] == [
        "ADD_THINGS_TO_THING_GROUP",
        "UPDATE_DEVICE_CERTIFICATE",
        "UPDATE_CA_CERTIFICATE",
        "REPLACE_DEFAULT_POLICY_VERSION",
        "ENABLE_IOT_LOGGING",
        "PUBLISH_FINDING_TO_SNS",
    ]
    assert actions["quarantine"].params == AddThingsToThingGroup(
        ("quarantine",), override_dynamic=True
    )
    assert violations.violation_ids == ("0f6a2c51d0e94b7f8a3b6f0f6f2b9c11",)
    assert findings.actions == {"device-certificate-expiring": ("tell-sns", "quarantine")}
    assert findings.codes == {"device-certificate-expiring": ("CERTIFICATE_PAST_EXPIRATION",)}
    assert [warning.message for warning in read.warnings] == [
        "$.target.auditTaskId is ignored: an order counts for every audit"
    ]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        pytest.param({"quarantineParams": {}}, Quarantine(), id="quarantine"),
        pytest.param({"blockPortParams": {}}, BlockPort(), id="ports-that-offend"),
        pytest.param(
            {"blockPortParams": {"ports": [{"protocol": "TCP", "port": 23}]}},
            BlockPort((Port("TCP", 23),)),
            id="ports",
        ),
        pytest.param(
            {"blockDestinationParams": {"cidrs": ["203.0.113.0/24", "2001:db8::1"]}},
            BlockDestination(("203.0.113.0/24", "2001:db8::1/128")),
            id="destinations",
        ),
        pytest.param(
            {"limitEgressRateParams": {"bytesPerSecond": 50_000}},
            LimitEgressRate(50_000),
            id="rate",
        ),
        pytest.param(
            {"stopUnitParams": {"unit": "telnet.socket"}}, StopUnit("telnet.socket"), id="unit"
        ),
        pytest.param(
            {"runCommandParams": {"command": ["/bin/a", "-b"], "timeoutSeconds": 5}},
            RunCommand(("/bin/a", "-b"), (), 5),
            id="command",
        ),
        pytest.param({"collectEvidenceParams": {}}, CollectEvidence(), id="evidence"),
    ],
)
def test_types_of_our_own_are_read(
    tmp_path: Path, params: dict[str, Any], expected: Params
) -> None:
    ((member, told),) = params.items()
    document = action({member: {**told, "durationSeconds": 60}})

    read = load_action_documents(write(tmp_path, document))

    assert read.orders.actions == {
        "act": MitigationAction(name="act", params=expected, duration_s=60)
    }


@pytest.mark.parametrize(
    ("params", "where"),
    [
        pytest.param({}, "$.actionParams", id="none"),
        pytest.param(
            {"quarantineParams": {}, "collectEvidenceParams": {}}, "$.actionParams", id="two"
        ),
        pytest.param({"quarantineParams": []}, "$.actionParams.quarantineParams", id="no-object"),
        pytest.param(
            {"quarantineParams": {"durationSecond": 5}},
            "$.actionParams.quarantineParams.durationSecond",
            id="misspelt",
        ),
        pytest.param(
            {"quarantineParams": {"durationSeconds": 0}},
            "$.actionParams.quarantineParams.durationSeconds",
            id="no-time",
        ),
        pytest.param(
            {"blockPortParams": {"ports": [{"protocol": "SCTP", "port": 1}]}},
            "$.actionParams.blockPortParams.ports[0].protocol",
            id="protocol",
        ),
        pytest.param(
            {"blockDestinationParams": {"cidrs": ["10.0.0.1/8"]}},
            "$.actionParams.blockDestinationParams.cidrs[0]",
            id="host-bits",
        ),
        pytest.param(
            {"blockDestinationParams": {"cidrs": ["evil.example; flush ruleset"]}},
            "$.actionParams.blockDestinationParams.cidrs[0]",
            id="nft-text",
        ),
        pytest.param(
            {"blockDestinationParams": {"cidrs": ["fe80::%a }\nflush ruleset #/64"]}},
            "$.actionParams.blockDestinationParams.cidrs[0]",
            id="nft-text-in-scope",
        ),
        pytest.param(
            {"limitEgressRateParams": {"bytesPerSecond": 1}},
            "$.actionParams.limitEgressRateParams.bytesPerSecond",
            id="too-slow",
        ),
        pytest.param(
            {"stopUnitParams": {"unit": "--force.service"}},
            "$.actionParams.stopUnitParams.unit",
            id="option",
        ),
        pytest.param(
            {"stopUnitParams": {"unit": "multi-user.target"}},
            "$.actionParams.stopUnitParams.unit",
            id="target",
        ),
        pytest.param(
            {"runCommandParams": {"command": ["reboot"]}},
            "$.actionParams.runCommandParams.command",
            id="searched",
        ),
        pytest.param(
            {"runCommandParams": {"command": ["/bin/a", "b\0c"]}},
            "$.actionParams.runCommandParams.command[1]",
            id="nul",
        ),
        pytest.param(
            {"addThingsToThingGroupParams": {"thingGroupNames": []}},
            "$.actionParams.addThingsToThingGroupParams.thingGroupNames",
            id="no-group",
        ),
        pytest.param(
            {"updateDeviceCertificateParams": {"action": "REVOKE"}},
            "$.actionParams.updateDeviceCertificateParams.action",
            id="verb",
        ),
    ],
)
def test_wrong_parameters_are_named(tmp_path: Path, params: dict[str, Any], where: str) -> None:
    (found,) = refusals(write(tmp_path, action(params)))

    assert found.split()[0] == where


@pytest.mark.parametrize(
    ("order", "said"),
    [
        pytest.param(detect_order(actions=["other"]), '"other" does not exist', id="unknown"),
        pytest.param(detect_order(actions=[]), "must have 1 to 5 actions", id="none"),
        pytest.param(detect_order(actions=["act"] * 6), "has 6 elements, more than 5", id="six"),
        pytest.param(detect_order(target={}), "must have either violationIds or", id="no-target"),
        pytest.param(
            detect_order(target={"violationIds": ["a"], "behaviorName": "b"}),
            "has a behaviorName without",
            id="half-a-target",
        ),
        pytest.param(
            audit_order(auditCheckToActionsMapping={"nonsense": ["act"]}), "is no check", id="check"
        ),
        pytest.param({"x": 1}, "must have actionParams", id="neither"),
    ],
)
def test_a_wrong_order_is_named(tmp_path: Path, order: dict[str, Any], said: str) -> None:
    (found,) = refusals(write(tmp_path, action({"quarantineParams": {}}), order))

    assert said in found


def test_an_action_that_can_do_nothing_about_its_cause_is_refused(tmp_path: Path) -> None:
    document = action({"updateDeviceCertificateParams": {"action": "DEACTIVATE"}})

    found = refusals(write(tmp_path, document, detect_order(), audit_order(taskId="u")))

    assert len(found) == 2
    assert all("UPDATE_DEVICE_CERTIFICATE can do nothing about this" in each for each in found)


def test_two_actions_of_one_name_are_refused(tmp_path: Path) -> None:
    document = action({"quarantineParams": {}})

    (found,) = refusals(write(tmp_path, document, document))

    assert "act is the name of another action, too" in found


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    bad = [action({}, name="a"), action({}, name="b"), detect_order(actions=["c"])]

    assert len(refusals(write(tmp_path, bad))) == 4


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    assert any("more than" in each for each in refusals(write(tmp_path, *[[]] * (MAX_FILES + 1))))


def test_a_folder_that_is_not_there_orders_nothing(tmp_path: Path) -> None:
    assert load_action_documents(tmp_path / "none").orders.actions == {}


@given(document=JSON, member=st.sampled_from(["actionParams", "target", "actions", "x"]))
def test_whatever_the_document_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, document: object, member: str
) -> None:
    folder = write(tmp_path_factory.mktemp("a"), {member: document, "actionName": "a"}, document)

    with contextlib.suppress(ConfigError):
        assert set(load_action_documents(folder).orders.actions) <= {"a"}
