"""AWS IoT policies: too broad, or not saying what was meant."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.policy.document import Policy
from devicewarden.audit.policy.fault import PolicyFault
from devicewarden.audit.policy.judge_iot import judge_iot_policy, judge_misconfiguration
from devicewarden.audit.policy.parse import parse_policy
from devicewarden.audit.policy.problem import PolicyError
from devicewarden.audit.subject import IotPolicy
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding, Resource

_Judge: TypeAlias = Callable[[Sequence[Policy]], tuple[PolicyFault, ...]]
_NEEDS: Final = "policy documents in audit.policies_dir"


class IotPolicyOverlyPermissive:
    """Finds AWS IoT policies that reach beyond the device's own resources."""

    subject = IotPolicy
    meta = CheckMeta(
        name="iot-policy-overly-permissive",
        title="AWS IoT policies let a device reach its own resources alone",
        severity="CRITICAL",
        why="With a broad policy one stolen device reads and writes for the whole fleet.",
        decides="What all statements together allow, denials and conditions considered, must not"
        " reach the data plane of other things: connect with any client id, publish or subscribe to"
        " all topics or all shadows, read and write shadows and jobs of all things.",
        remedy="Name resources by ${iot:Connection.Thing.ThingName}, and demand the condition"
        " iot:Connection.Thing.IsAttached for iot:Connect.",
        needs=_NEEDS,
        source="AWS IoT Device Defender audit, IOT_POLICY_OVERLY_PERMISSIVE_CHECK",
        codes={
            "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS": "it reaches the data plane of others"
        },
    )

    def judge(self, subject: IotPolicy, at: datetime) -> Iterator[Finding]:
        del at
        yield from _judge(self.meta, subject, judge_iot_policy)


class IotPolicyPotentialMisconfiguration:
    """Finds AWS IoT policies that deny less than they seem to."""

    subject = IotPolicy
    meta = CheckMeta(
        name="iot-policy-potential-misconfiguration",
        title="AWS IoT policies deny what they seem to deny",
        severity="MEDIUM",
        why="Only * and ? are wildcards of policies: + and # are taken as they stand, and a client"
        " that may not subscribe to a filter may still get its messages by a broader one.",
        decides="A denial must not have + or # in a resource; and where a denial of iot:Subscribe"
        " leaves a broader subscription allowed, iot:Receive must be denied as well. What was meant"
        " is guessed, so some findings are false.",
        remedy="Write * in place of + and #, and deny iot:Receive on the topics too.",
        needs=_NEEDS,
        source="AWS IoT Device Defender audit, IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK",
        codes={
            "POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT": "+ or # in a denial",
            "TOPIC_FILTERS_INTENDED_TO_DENY_ALLOWED_USING_WILDCARDS": "a broader filter gets what"
            " a denial was to keep",
        },
    )

    def judge(self, subject: IotPolicy, at: datetime) -> Iterator[Finding]:
        del at
        yield from _judge(self.meta, subject, judge_misconfiguration)


def _judge(meta: CheckMeta, subject: IotPolicy, judge: _Judge) -> Iterator[Finding]:
    try:
        faults = judge([parse_policy(subject.document, subject.name)])
    except PolicyError as error:
        raise AuditError(f"policy {subject.name}: {error}", hint=error.hint) from error
    resource = Resource(
        type="IOT_POLICY",
        identifier={
            "policyVersionIdentifier": {
                "policyName": subject.name,
                "policyVersionId": subject.version,
            }
        },
        info={"path": subject.path} if subject.path else {},
    )
    for fault in faults:
        yield meta.finding(resource, fault.code, told(fault), remedy=fault.remedy)


def told(fault: PolicyFault) -> str:
    """Say which statement does what to which resource."""
    sid = f" ({fault.sid})" if fault.sid else ""
    return (
        f"Statement[{fault.statement}]{sid}, line {fault.line}, {fault.action} on {fault.resource}:"
        f" {fault.detail}"
    )
