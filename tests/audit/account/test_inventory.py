"""The account as one inventory: what cannot be read is told, and the rest goes on."""

import builtins
import json
from typing import Any

import pytest
from click.testing import CliRunner
from tests.audit.account.cloud import ACCOUNT, Cloud, described, listed
from tests.audit.certificates import AT, Issuer, pem

from devicewarden.audit import registry
from devicewarden.audit.account.calls import ALL, CALLS, AbsentError, CallError
from devicewarden.audit.account.inventory import AccountInventory, open_inventory
from devicewarden.audit.account.issuers import Issuers
from devicewarden.audit.account.kept import CertificateCache
from devicewarden.audit.account.least_privilege import least_privilege
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.runner import run_checks
from devicewarden.audit.subject import (
    CaCertificate,
    ClientIdUse,
    ConnectionLog,
    DeviceCertificate,
    IotPolicy,
    LoggingOptions,
)
from devicewarden.audit.suppress import Suppressions
from devicewarden.cli.audit_list import list_
from devicewarden.config.account_settings import AccountSettings
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AuditError

CA = Issuer("fleet CA")
NARROW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}


def account(**pages: Any) -> Cloud:
    answers = {
        "iot:GetV2LoggingOptions": {"defaultLogLevel": "INFO"},
        "iot:GetLoggingOptions": {},
        "iot:DescribeCACertificate": described(pem(CA.certificate)),
        "iot:DescribeCertificate": described(pem(CA.issue())),
        "iot:GetPolicy": {"policyDocument": json.dumps(NARROW), "defaultVersionId": "3"},
    }
    lists: dict[str, Any] = {
        "iot:ListCACertificates": [listed("ca" * 32)],
        "iot:ListCertificates": [listed("4f" * 32)],
        "iot:ListPolicies": [{"policies": [{"policyName": "gateway"}]}],
        "iot:ListRoleAliases": [{"roleAliases": []}],
        "cognito-identity:ListIdentityPools": [{"IdentityPools": []}],
        "logs:FilterLogEvents": [{"events": []}],
    }
    return Cloud(
        answers, {**lists, **{name.replace("_", ":"): page for name, page in pages.items()}}
    )


def inventory(cloud: Cloud, log_group: str = "AWSIotLogsV2") -> AccountInventory:
    return AccountInventory(
        cloud,
        ACCOUNT,
        AccountSettings(parallel_calls=2, log_group=log_group),
        Issuers(AuditSettings(revocation="off")),
        CertificateCache(None),
    )


def statuses(cloud: Cloud, log_group: str = "AWSIotLogsV2") -> dict[str, str]:
    checks = registry.checks()
    _, runs = run_checks(inventory(cloud, log_group), checks, Suppressions((), AT), AT)
    return {run.check: run.status for run in runs}


def test_a_sound_account_complies_with_every_check() -> None:
    found = statuses(account())

    assert set(found.values()) == {"COMPLETED_COMPLIANT"}
    assert len(found) >= 18


def test_only_what_is_wanted_is_asked_for() -> None:
    cloud = account()

    list(inventory(cloud).subjects(frozenset({IotPolicy})))

    assert cloud.asked == ["iot:ListPolicies", "iot:GetPolicy"]


@pytest.mark.parametrize("wanted", CALLS, ids=[each.__name__ for each in CALLS])
def test_each_class_is_read_by_its_calls_of_the_table(wanted: type) -> None:
    cloud = account()

    list(inventory(cloud).subjects(frozenset({wanted})))

    assert set(cloud.asked) <= set(CALLS[wanted])
    assert cloud.asked


def test_one_permission_that_is_missing_leaves_its_checks_undecided_and_no_other() -> None:
    denied = CallError("iot:ListPolicies is not allowed")

    found = statuses(account(iot_ListPolicies=[denied]))

    failed = {name for name, status in found.items() if status == "FAILED"}
    assert failed == {"iot-policy-overly-permissive", "iot-policy-potential-misconfiguration"}


def test_a_time_out_half_way_keeps_what_was_read_and_is_undecided() -> None:
    pages = [listed("4f" * 32), CallError("no answer in 8 attempts")]

    found = list(
        inventory(account(iot_ListCertificates=pages)).subjects(frozenset({DeviceCertificate}))
    )

    assert [type(each) for each in found] == [DeviceCertificate, Unreadable]
    assert found[1] == Unreadable((DeviceCertificate,), "no answer in 8 attempts")


def test_without_a_log_group_its_checks_are_undecided_and_say_what_to_do() -> None:
    found = list(inventory(account(), "").subjects(frozenset({ConnectionLog})))

    assert [type(each) for each in found] == [Unreadable]
    assert "--log-group AWSIotLogsV2" in str(found[0])
    assert statuses(account(), "")["conflicting-client-ids"] == "FAILED"


def test_a_log_that_cannot_be_read_to_its_end_is_judged_so_far_and_undecided() -> None:
    message = json.dumps({"eventType": "Connect", "clientId": "gw", "principalId": "p"})
    pages = [{"events": [{"timestamp": 0, "message": message}]}, CallError("no answer")]

    found = list(
        inventory(account(logs_FilterLogEvents=pages)).subjects(frozenset({ConnectionLog}))
    )

    assert [type(each) for each in found] == [Unreadable, ConnectionLog, ClientIdUse]


@pytest.mark.parametrize(
    ("new", "old", "level"),
    [
        pytest.param({"defaultLogLevel": "WARN"}, {}, "WARN", id="new"),
        pytest.param({"defaultLogLevel": "DISABLED"}, {"logLevel": "ERROR"}, "ERROR", id="old"),
        pytest.param(AbsentError("none"), {"logLevel": "ERROR"}, "ERROR", id="old, new unknown"),
        pytest.param(AbsentError("none"), {}, "DISABLED", id="neither"),
        pytest.param(
            {"defaultLogLevel": "INFO", "disableAllLogs": True}, {}, "DISABLED", id="all disabled"
        ),
        pytest.param({}, {"logLevel": "DISABLED"}, "DISABLED", id="both off"),
    ],
)
def test_logging_is_on_where_the_new_or_the_old_one_is(new: Any, old: Any, level: str) -> None:
    cloud = account()
    cloud.answers |= {"iot:GetV2LoggingOptions": new, "iot:GetLoggingOptions": old}

    (options,) = inventory(cloud).subjects(frozenset({LoggingOptions}))

    expected = LoggingOptions(account=ACCOUNT, enabled=level != "DISABLED", level=level)
    assert options == expected


def test_a_registered_ca_is_judged_like_any_other() -> None:
    (ca,) = inventory(account()).subjects(frozenset({CaCertificate}))

    assert isinstance(ca, CaCertificate)
    assert ca.parsed == CA.certificate
    assert not ca.revocation().revoked


def test_without_boto3_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.endswith("devicewarden.aws.client"):
            raise ImportError("No module named 'boto3'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)

    with pytest.raises(AuditError) as refused:
        open_inventory(Settings())

    assert refused.value.hint == "pip install devicewarden[aws]"


def test_nothing_that_may_be_called_changes_anything() -> None:
    verbs = {name.partition(":")[2] for name in ALL}

    # It only starts a summing up, whose result expires by itself.
    assert "GenerateServiceLastAccessedDetails" in verbs
    rest = verbs - {"GenerateServiceLastAccessedDetails"}
    assert all(verb.startswith(("List", "Describe", "Get", "Filter")) for verb in rest)


@pytest.mark.parametrize(
    ("group", "region", "arn"),
    [
        pytest.param("G", "", "arn:aws:logs:*:*:log-group:G:*", id="anywhere"),
        pytest.param("G", "eu-west-1", "arn:aws:logs:eu-west-1:*:log-group:G:*", id="region"),
        pytest.param("G", "cn-north-1", "arn:aws-cn:logs:cn-north-1:*:log-group:G:*", id="China"),
        pytest.param("", "eu-west-1", None, id="no log"),
    ],
)
def test_the_policy_allows_each_call_and_of_logs_one_group(
    group: str, region: str, arn: str | None
) -> None:
    document = least_privilege(frozenset(CALLS), group, region)

    allowed = {action for each in document["Statement"] for action in each["Action"]}
    needed = set().union(*CALLS.values())
    assert allowed == (needed if group else needed - {"logs:FilterLogEvents"})
    assert [each["Resource"] for each in document["Statement"]] == ["*", *([arn] if arn else [])]


def test_the_policy_for_one_check_has_its_calls_alone() -> None:
    document = least_privilege({LoggingOptions}, "AWSIotLogsV2", "")

    assert [each["Action"] for each in document["Statement"]] == [
        ["iot:GetLoggingOptions", "iot:GetV2LoggingOptions"]
    ]


def test_the_list_of_checks_tells_the_calls_that_each_needs() -> None:
    printed = CliRunner().invoke(list_, ["--json"], standalone_mode=False)

    calls = {each["name"]: each["accountCalls"] for each in json.loads(printed.stdout)}
    assert calls["logging-disabled"] == ["iot:GetV2LoggingOptions", "iot:GetLoggingOptions"]
    assert calls["clock-not-synchronized"] == []
