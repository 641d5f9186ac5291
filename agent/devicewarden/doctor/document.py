"""What the doctor takes from the status document; a daemon of another version may differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cattrs import BaseValidationError, Converter

from devicewarden.model.errors import AgentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How the daemon is connected.

    Attributes:
        state: `connected`, or what it is on the way to.
        endpoint: of the broker.
        since: ISO 8601.
        last_error: what went wrong last; empty: nothing.
        hint: what to do about that.
    """

    state: str
    endpoint: str
    since: str
    last_error: str
    hint: str


@dataclass(frozen=True, slots=True)
class LastReport:
    """What became of a report."""

    id: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of reports."""

    last: LastReport | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The status document, as far as the doctor reads it.

    Attributes:
        connection: None: no broker is configured.
        problems: subject -> what is wrong.
    """

    version: str
    thing: str
    report: Report
    connection: Connection | None
    problems: Mapping[str, str]


def understood(answer: Mapping[str, Any]) -> Document:
    """Take what the daemon said.

    Raises:
        AgentError: it says something else than the daemon of this version does.
    """
    try:
        return Converter().structure(answer, Document)
    except BaseValidationError as error:
        version = answer.get("version")
        told = f", version {version[:40]}," if isinstance(version, str) else ""
        raise AgentError(
            f"the answer of the daemon{told} is not understood",
            hint="is it the one that is installed? systemctl restart devicewarden",
        ) from error
