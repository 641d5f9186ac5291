"""What changed from one audit to the next; ids of findings last as long as the findings do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple
from uuid import uuid4

from devicewarden.model.audit import Audit, AuditFinding, finding_key, identifier_text

MAX_FINDINGS: Final = 10_000
"""Open ones kept of one scope; more are told by the audit that finds them, and not kept."""


class OpenFinding(NamedTuple):
    """A finding that lasted until now, as its row has it.

    Attributes:
        key: what makes it the same as another night's, see `model.audit.finding_key`.
        check: name of the check in kebab case.
        resource: identifier, as `model.audit.identifier_text` writes it.
        revision: counts the events that were told of it.
        document: as JSON.
    """

    finding_id: str
    key: str
    check: str
    resource: str
    code: str
    severity: str
    suppressed: bool
    revision: int
    document: str


class Lasting(NamedTuple):
    """A finding that was open before, and comes up again."""

    before: OpenFinding
    key: str
    now: AuditFinding

    @property
    def changed(self) -> bool:
        """Whether people should hear of it again; words alone change every night."""
        now = self.now.finding.code, self.now.finding.severity, self.now.suppressed
        return now != (self.before.code, self.before.severity, self.before.suppressed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an audit changes.

    Attributes:
        opened: by key, with new ids, the gravest first.
        lasting: under their old ids.
        resolved: no longer found by a check that ran to its end, or of one that is switched off.
        unkept: findings for which there is no room.
    """

    opened: Mapping[str, AuditFinding]
    lasting: Sequence[Lasting]
    resolved: Sequence[OpenFinding]
    unkept: Sequence[AuditFinding]

    def findings(self) -> Iterator[AuditFinding]:
        """Give all that the audit found, under the ids that they have from now on."""
        yield from self.opened.values()
        yield from (each.now for each in self.lasting)
        yield from self.unkept


def compare(before: Sequence[OpenFinding], audit: Audit) -> Changes:
    """Compare an audit with what was open before it, in the same scope.

    What an undecided check does not find again stays as it was.
    """
    found = {finding_key(audit.scope, each.finding): each for each in audit.findings}
    decided = {run.check for run in audit.runs if run.status != "FAILED"} | {*audit.switched_off}
    gone = [each for each in before if each.key not in found and each.check in decided]
    predecessors = {each.key: each for each in before if each.key in found}
    new = [key for key in found if key not in predecessors]
    predecessors |= _followed(new, found, gone)
    lasting = {each.finding_id for each in predecessors.values()}
    resolved = [each for each in gone if each.finding_id not in lasting]
    new = [key for key in new if key not in predecessors]
    room = max(MAX_FINDINGS - (len(before) - len(resolved)), 0)
    return Changes(
        opened={key: replace(found[key], finding_id=uuid4().hex) for key in new[:room]},
        lasting=[
            Lasting(old, key, replace(found[key], finding_id=old.finding_id))
            for key, old in predecessors.items()
        ],
        resolved=resolved,
        unkept=[found[key] for key in new[room:]],
    )


def _followed(
    new: Sequence[str], found: Mapping[str, AuditFinding], gone: Sequence[OpenFinding]
) -> dict[str, OpenFinding]:
    """Let a finding go on under another code: a certificate about to expire has now expired."""
    free = {(each.check, each.resource): each for each in gone}
    followed = {}
    for key in new:
        finding = found[key].finding
        place = finding.check, identifier_text(finding.resource.identifier)
        if place in free:
            followed[key] = free.pop(place)
    return followed
