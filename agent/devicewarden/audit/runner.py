"""One pass over an inventory: each subject is given to all checks of its class, then forgotten."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from devicewarden.audit.check import MAX_RELATED, Check, cut
from devicewarden.audit.inventory import Inventory, Unreadable
from devicewarden.audit.suppress import Suppressions
from devicewarden.model.audit import SEVERITIES, AuditFinding, finding_key, identifier_text
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import CheckRun, CheckStatus, Finding, Resource

AnyCheck: TypeAlias = Check[Any]

PROGRESS_EVERY: Final = 20
"""Subjects from one call of `progress` to the next: AWS may give no more than ten a second."""

_MAX_REASONS: Final = 20


def run_checks(
    inventory: Inventory,
    checks: Iterable[AnyCheck],
    suppressions: Suppressions,
    at: datetime,
    progress: Callable[[int], object] = lambda _subjects: None,
) -> tuple[tuple[AuditFinding, ...], tuple[CheckRun, ...]]:
    """Judge all subjects as of an aware UTC time; findings are kept, subjects are not.

    Args:
        inventory: gives the subjects.
        checks: those of classes that the inventory does not have are left out.
        suppressions: in force.
        at: as of when is judged.
        progress: told the number of subjects so far, now and then and at the end.

    Returns:
        Findings, the gravest first; and how each check ended, in the order given.
    """
    tallies = [_Tally(check) for check in checks if check.subject in inventory.classes]
    by_class: dict[type, list[_Tally]] = {}
    for tally in tallies:
        by_class.setdefault(tally.check.subject, []).append(tally)
    seen = 0
    try:
        for seen, subject in enumerate(inventory.subjects(frozenset(by_class)), start=1):
            _give(subject, by_class, at)
            if seen % PROGRESS_EVERY == 0:
                progress(seen)
    except AuditError as error:
        for tally in tallies:
            tally.undecided(_told(error))
    progress(seen)
    runs = tuple(tally.run(suppressions) for tally in tallies)
    return _in_order(tallies, inventory.scope, suppressions), runs


def _give(subject: object, by_class: dict[type, list["_Tally"]], at: datetime) -> None:
    if isinstance(subject, Unreadable):
        for missing in subject.subjects:
            for tally in by_class.get(missing, ()):
                tally.undecided(subject.reason)
        return
    for tally in by_class.get(type(subject), ()):
        tally.judge(subject, at)


class _Tally:
    """What one check said so far; grows with its findings alone."""

    def __init__(self, check: AnyCheck) -> None:
        self.check = check
        self._subjects = 0
        self._found: dict[tuple[str, str], Finding] = {}
        self._reasons: dict[str, None] = {}
        self._more_reasons = False

    def judge(self, subject: object, at: datetime) -> None:
        self._subjects += 1
        try:
            for finding in self.check.judge(subject, at):
                key = identifier_text(finding.resource.identifier), finding.code
                twin = self._found.get(key)
                self._found[key] = finding if twin is None else _joined(twin, finding)
        except AuditError as error:
            self.undecided(_told(error))

    def undecided(self, reason: str) -> None:
        reason = cut(reason)
        if len(self._reasons) < _MAX_REASONS:
            self._reasons[reason] = None
        elif reason not in self._reasons:
            self._more_reasons = True

    def findings(self) -> Iterable[Finding]:
        return self._found.values()

    def run(self, suppressions: Suppressions) -> CheckRun:
        resources = {identifier: finding for (identifier, _), finding in self._found.items()}
        suppressed = sum(map(suppressions.cover, resources.values()))
        non_compliant = len(resources) - suppressed
        return CheckRun(
            check=self.check.meta.name,
            status=self._status(non_compliant),
            # One subject, such as a log, may hold many resources.
            resources=max(self._subjects, len(resources)),
            non_compliant=non_compliant,
            suppressed=suppressed,
            undecided=(*self._reasons, *(("and more",) if self._more_reasons else ())),
        )

    def _status(self, non_compliant: int) -> CheckStatus:
        if self._reasons:
            return "FAILED"
        return "COMPLETED_NON_COMPLIANT" if non_compliant else "COMPLETED_COMPLIANT"


def _joined(first: Finding, second: Finding) -> Finding:
    """Make one finding of two faults of one resource under one code."""
    reason = first.reason
    # A fault of an issuer comes up again with each certificate that it issued.
    if second.reason not in reason:
        reason = cut(f"{reason}; {second.reason}")
    return replace(first, reason=reason, related=_united(first.related, second.related))


def _united(first: tuple[Resource, ...], second: tuple[Resource, ...]) -> tuple[Resource, ...]:
    return (*first, *[each for each in second if each not in first])[:MAX_RELATED]


def _in_order(
    tallies: Sequence[_Tally], scope: str, suppressions: Suppressions
) -> tuple[AuditFinding, ...]:
    found = [finding for tally in tallies for finding in tally.findings()]
    found.sort(key=_place)
    return tuple(
        AuditFinding(
            finding_id=finding_key(scope, finding),
            suppressed=suppressions.cover(finding),
            finding=finding,
        )
        for finding in found
    )


def _place(finding: Finding) -> tuple[int, str, str, str]:
    identifier = identifier_text(finding.resource.identifier)
    return SEVERITIES.index(finding.severity), finding.check, identifier, finding.code


def _told(error: AuditError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)
