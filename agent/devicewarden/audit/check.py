"""What a check is: one question, asked of each subject of one kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol, TypeVar

from devicewarden.model.finding import Finding, Resource, Severity

Subject = TypeVar("Subject", contravariant=True)  # noqa: PLC0105  the field says subject

MAX_TEXT: Final = 2000
"""Characters of a reason or a remedy, which quote what others wrote: AWS's messages end at 128 KiB,
and a character may take 12 bytes of one."""

MAX_RELATED: Final = 25
MAX_RELATED_INFO: Final = 4
MAX_RELATED_TEXT: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckMeta:
    """What is told of a check; `docs/checks.md` is made from it.

    Attributes:
        name: kebab case; AWS's name is `model.finding.wire_check_name(name)`.
        title: states what is true when it passes.
        severity: as AWS rates it, or ours.
        why: what goes wrong where it does not pass.
        decides: how it decides, with numbers.
        remedy: how to fix what it finds.
        needs: what it reads, in words, such as `the device certificate`.
        source: AWS's name of the check, or the standard it follows.
        codes: reason codes it may give, with what each means.
    """

    name: str
    title: str
    severity: Severity
    why: str
    decides: str
    remedy: str
    needs: str
    source: str
    codes: Mapping[str, str]

    def finding(
        self,
        resource: Resource,
        code: str,
        reason: str,
        *,
        remedy: str = "",
        related: tuple[Resource, ...] = (),
    ) -> Finding:
        """Say that a resource does not comply; `code` is one of `codes`.

        Long texts are cut, and of related resources not everything is told.
        """
        if code not in self.codes:
            raise ValueError(f"{self.name} does not declare the code {code}")
        return Finding(
            check=self.name,
            severity=self.severity,
            resource=resource,
            code=code,
            reason=cut(reason),
            remedy=cut(remedy or self.remedy),
            related=tuple(map(_bounded, related[:MAX_RELATED])),
        )


def _bounded(related: Resource) -> Resource:
    told = list(related.info.items())[:MAX_RELATED_INFO]
    return replace(related, info={key: cut(value, MAX_RELATED_TEXT) for key, value in told})


def cut(text: str, longest: int = MAX_TEXT) -> str:
    """Cut a text to that many characters, and show that it was."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


class Check(Protocol[Subject]):
    """Decides about subjects of one kind; fetches nothing.

    Attributes:
        meta: what is told of it.
        subject: the class of what it judges.
    """

    @property
    def meta(self) -> CheckMeta:
        """Tell what it is."""
        ...

    @property
    def subject(self) -> type:
        """Tell which subjects it judges: those of this class."""
        ...

    def judge(self, subject: Subject, at: datetime) -> Iterator[Finding]:
        """Give a finding for each fault of one subject, as of an aware UTC time.

        Raises:
            AuditError: it cannot be told; never taken for compliance.
        """
        ...
