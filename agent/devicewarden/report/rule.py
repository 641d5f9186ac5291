"""What reports of an audit tell of a check."""

from dataclasses import dataclass

from devicewarden.model.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check, as people read of it.

    Attributes:
        name: of the check, in kebab case.
        title: states what is true when it passes.
        severity: of its findings.
        why: what goes wrong where it does not pass.
        remedy: how to fix what it finds.
    """

    name: str
    title: str
    severity: Severity
    why: str
    remedy: str
