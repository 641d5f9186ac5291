"""Members of a security profile beside its behaviors: metrics to retain, what AWS alone uses."""

from collections.abc import Mapping
from typing import Final

from devicewarden.config.profile_node import Node
from devicewarden.config.profile_schema import MAX_VALUES, NO_TYPES
from devicewarden.config.profile_subject import UNKNOWN, read_dimension, read_subject

_RETAIN: Final = "additionalMetricsToRetain"
_RETAIN_V2: Final = "additionalMetricsToRetainV2"
_DESCRIPTION: Final = "securityProfileDescription"
_ALERTS: Final = "alertTargets"
_EXPORT: Final = "metricsExportConfig"
_TAGS: Final = "tags"
IGNORED: Final = (_DESCRIPTION, _RETAIN, _RETAIN_V2, _ALERTS, _EXPORT, _TAGS)
"""Nothing is judged by these members, so that what is wrong in them is for AWS to mind."""

_LONGEST_DESCRIPTION: Final = 1_000
_LEAST_ROLE: Final = 20


def read_retained(members: Mapping[str, Node]) -> tuple[str, ...]:
    """Read the names of further metrics whose datapoints are kept; a wrong one is left out."""
    names: list[str] = []
    if plain := members.get(_RETAIN):
        names += (_metric(item) for item in plain.ignore().items(MAX_VALUES))
    if dimensioned := members.get(_RETAIN_V2):
        names += (_retained(item) for item in dimensioned.ignore().items(MAX_VALUES))
    return tuple(dict.fromkeys(filter(None, names)))


def judge_ignored(members: Mapping[str, Node]) -> None:
    """Judge what AWS alone uses, and say what is not done here."""
    if node := members.get(_DESCRIPTION):
        _judge_description(node.ignore())
    if node := members.get(_ALERTS):
        node.problems.warning(node.path, "is not used: alarms go where the settings say")
        for target in node.ignore().members(("SNS",)).values():
            _judge_role(target, "alertTargetArn")
    if node := members.get(_EXPORT):
        node.problems.warning(node.path, "is not used: no metric is exported to AWS")
        _judge_role(node.ignore(), "mqttTopic")
    if node := members.get(_TAGS):
        for tag in node.ignore().items(MAX_VALUES):
            parts = tag.members(("Key", "Value"), required=("Key",))
            for name, part in parts.items():
                part.text(least=int(name == "Key"))


def _metric(node: Node) -> str:
    subject = read_subject(node, NO_TYPES)
    return "" if subject is UNKNOWN else subject.name


def _retained(node: Node) -> str:
    members = node.members(("metric", "metricDimension", "exportMetric"), required=("metric",))
    if export := members.get("exportMetric"):
        export.boolean()
    if "metric" not in members:
        return ""
    subject = read_subject(members["metric"], NO_TYPES)
    if dimension := members.get("metricDimension"):
        read_dimension(dimension, subject)
        node.problems.warning(dimension.path, "is not known here: nothing is retained")
        return ""
    return "" if subject is UNKNOWN else subject.name


def _judge_description(node: Node) -> None:
    text = node.text()
    if text is not None and (len(text) > _LONGEST_DESCRIPTION or not text.isprintable()):
        node.refuse(f"must be at most {_LONGEST_DESCRIPTION} printable characters")


def _judge_role(node: Node, place: str) -> None:
    """Judge an object of two: a place in AWS, and the role that may send there."""
    parts = node.members((place, "roleArn"), required=(place, "roleArn"))
    for name, part in parts.items():
        part.text(least=_LEAST_ROLE if name == "roleArn" else 1)
