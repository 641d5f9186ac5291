"""Loads the judge of reports, for the commands that need one."""

import json
from collections.abc import Callable
from functools import partial
from importlib import resources
from typing import TypeAlias

from devicewarden.model.errors import AgentError, ReportError
from devicewarden.report import check
from devicewarden.report.wire import Format

Judge: TypeAlias = Callable[[bytes, Format], list[str]]
"""Payload and format -> every reason why this is no report."""


def load_judge() -> Judge:
    """Compile `report.schema.json`.

    Raises:
        AgentError: the extra `sandbox` is not installed.
    """
    try:
        import fastjsonschema  # noqa: PLC0415 -- an extra, and never in the daemon
    except ImportError as error:
        raise AgentError(
            "judging reports needs fastjsonschema", hint="pip install 'devicewarden[sandbox]'"
        ) from error
    schema = resources.files("devicewarden.report") / "report.schema.json"
    compiled = fastjsonschema.compile(json.loads(schema.read_text(encoding="utf-8")))

    def validate(document: object) -> None:
        try:
            compiled(document)
        except fastjsonschema.JsonSchemaValueException as error:
            raise ReportError(f"${error.message.removeprefix('data')}") from error

    return partial(check.judge, validate=validate)
