"""The folder of audit documents, as the AWS CLI takes them, and what is wrong with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

from devicewarden.config.audit_document import (
    CONFIGURATIONS,
    CheckConfiguration,
    read_configurations,
    read_schedule,
    read_suppression,
)
from devicewarden.config.profile_files import BadFileError, read_document
from devicewarden.config.profile_folder import json_files
from devicewarden.config.profile_node import Node
from devicewarden.config.profile_problem import Problems
from devicewarden.model.audit import ScheduledAudit
from devicewarden.model.errors import ConfigError, Problem
from devicewarden.model.finding import Suppression

MAX_FILES: Final = 100
MAX_ITEMS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What checks of certificates are told by `auditCheckConfigurations`, in days.

    Attributes:
        device_certificate_expiring: 30 to 3652.
        ca_certificate_expiring: 30 to 3652.
        device_certificate_age: 30 to 3652.

    Source: CERT_EXPIRATION_THRESHOLD_IN_DAYS, CERT_AGE_THRESHOLD_IN_DAYS of the AWS IoT API.
    """

    device_certificate_expiring: int = 30
    ca_certificate_expiring: int = 30
    device_certificate_age: int = 365


@dataclass(slots=True, kw_only=True)
class AuditDocuments:
    """What all documents say together.

    Attributes:
        configurations: check -> what is said of it; checks that nobody speaks of run as usual.
        schedules: by name.
        suppressions: expired ones too.
        warnings: what is ignored, for people.
    """

    configurations: dict[str, CheckConfiguration] = field(default_factory=dict)
    schedules: dict[str, ScheduledAudit] = field(default_factory=dict)
    suppressions: list[Suppression] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def enabled(self, check: str) -> bool:
        """Tell whether a check runs."""
        found = self.configurations.get(check)
        return found is None or found.enabled is not False

    def thresholds(self) -> Thresholds:
        """Give the thresholds in force."""
        days = {check: each.days for check, each in self.configurations.items() if each.days}
        names = [(one.name, one.name.replace("_", "-")) for one in fields(Thresholds)]
        return replace(
            Thresholds(), **{name: days[check] for name, check in names if check in days}
        )


def load_audit_documents(directory: Path, known: Collection[str]) -> AuditDocuments:
    """Read every `*.json` of a folder; one that is not there has none.

    Args:
        directory: the folder.
        known: names of all checks in kebab case.

    Raises:
        ConfigError: with everything that is wrong: an audit that goes by half of what was decided
            would tell what nobody wants to hear, or keep quiet of what everybody does.
    """
    documents, errors = AuditDocuments(), list[Problem]()
    try:
        paths = json_files(directory)
    except OSError as error:
        raise ConfigError(f"{directory} cannot be read: {error.strerror}") from error
    if len(paths) > MAX_FILES:
        errors.append(Problem(str(directory), f"has more than {MAX_FILES} files"))
    for path in paths[:MAX_FILES]:
        problems = Problems(aws=False)
        try:
            _read(documents, Node(read_document(path), (), problems), known)
        except BadFileError as error:
            problems.error((), str(error))
        for found in problems.found:
            told = Problem(str(path), f"{found.path} {found.reason}")
            (errors if found.severity == "error" else documents.warnings).append(told)
    if errors:
        raise ConfigError(f"the audit documents are wrong: {errors[0]}", problems=tuple(errors))
    return documents


def _read(documents: AuditDocuments, root: Node, known: Collection[str]) -> None:
    """Take in a document of whichever kind, a list of them, or what AWS's lists give."""
    match root.value:
        case list():
            for item in root.items(MAX_ITEMS):
                _read_one(documents, item, known)
        case {"scheduledAudits": _} | {"suppressions": _}:
            for node in root.members(("scheduledAudits", "suppressions")).values():
                for item in node.items(MAX_ITEMS):
                    _read_one(documents, item, known)
        case _:
            _read_one(documents, root, known)


def _read_one(documents: AuditDocuments, node: Node, known: Collection[str]) -> None:
    match node.value:
        case {"auditCheckConfigurations": _}:
            _add_configurations(documents, read_configurations(node, known))
        case {"frequency": _}:
            _add_schedule(documents, node, read_schedule(node, known))
        case {"checkName": _, "resourceIdentifier": _}:
            suppression = read_suppression(node, known)
            documents.suppressions += [suppression] if suppression else []
        case _:
            node.refuse(
                f"must have {CONFIGURATIONS}, or the frequency of a scheduled audit, or checkName"
                " and resourceIdentifier of a suppression"
            )


def _add_configurations(documents: AuditDocuments, new: Mapping[str, CheckConfiguration]) -> None:
    for check, later in new.items():
        earlier = documents.configurations.get(check, CheckConfiguration(None, None))
        # A later file wins, in what it says.
        enabled = earlier.enabled if later.enabled is None else later.enabled
        documents.configurations[check] = CheckConfiguration(enabled, later.days or earlier.days)


def _add_schedule(documents: AuditDocuments, node: Node, schedule: ScheduledAudit | None) -> None:
    if schedule is None:
        return
    if schedule.name in documents.schedules:
        node.refuse(f"{schedule.name} is the name of another scheduled audit, too")
    documents.schedules[schedule.name] = schedule
