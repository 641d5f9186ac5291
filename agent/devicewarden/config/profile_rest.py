"""Members of a security profile beside its behaviors: metrics to retain, and what AWS alone uses."""

from collections.abc import Iterator, Mapping
from typing import Final

from devicewarden.config.profile_node import Node
from devicewarden.config.profile_schema import MAX_VALUES
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
_NO_TYPES: Final[Mapping[str, Never]] = {}
