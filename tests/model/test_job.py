"""Job documents: what is understood, and what is refused with a reason."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.model.job import (
    ApplyAction,
    JobDocumentError,
    Operation,
    Restart,
    RotateCertificate,
    RunAudit,
    SetReportInterval,
    UndoAction,
    parse_operation,
    told,
)

DATA = Path(__file__).parent.parent / "data" / "jobs"
ID = "4f9c2a7be1d03586a9c4e7f1b2d80536c7a91e4f5b6d28037ae9c1f4d5b60728"
SERVICES = {"handler": "restart-services.sh", "args": ["devicewarden"], "path": "default"}


def managed(given: dict[str, Any], kind: str = "runHandler", **more: Any) -> dict[str, Any]:
    """Write a managed template's document of one step."""
    action = {"name": "Restart-Services", "type": kind, "input": given, "runAsUser": ""}
    return {"version": "1.0", "includeStdOut": "true", "steps": [{"action": action}], **more}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"operation": "RESTART"}, Restart(), id="restart"),
        pytest.param(
            {"schemaVersion": "1.0", "operation": "RUN_AUDIT"}, RunAudit(), id="with its version"
        ),
        pytest.param(
            {"operation": "SET_REPORT_INTERVAL", "intervalSeconds": 600},
            SetReportInterval(600),
            id="interval",
        ),
        pytest.param({"operation": "ROTATE_CERTIFICATE"}, RotateCertificate(""), id="any"),
        pytest.param(
            {"operation": "ROTATE_CERTIFICATE", "certificateId": "0x" + ID.upper()},
            RotateCertificate(ID),
            id="one certificate",
        ),
        pytest.param(
            {"operation": "APPLY_ACTION", "actionName": "block-telnet"},
            ApplyAction("block-telnet"),
            id="action",
        ),
        pytest.param(
            {"operation": "UNDO_ACTION", "actionName": "block-telnet"},
            UndoAction("block-telnet"),
            id="undo",
        ),
        pytest.param(managed(SERVICES), Restart(), id="AWS-Restart-Application of ours"),
    ],
)
def test_document_is_read_as_an_operation(document: object, expected: Operation) -> None:
    assert parse_operation(document) == expected


@pytest.mark.parametrize(
    ("document", "why"),
    [
        pytest.param([], "not an object", id="a list"),
        pytest.param({}, "operation must be one of", id="empty"),
        pytest.param({"operation": ["RESTART"]}, "operation must be one of", id="no text"),
        pytest.param({"operation": "REBOOT"}, "operation must be one of", id="unknown"),
        pytest.param({"operation": "RESTART", "path": "/etc/x"}, "path is not known", id="a path"),
        pytest.param(
            {"schemaVersion": "2.0", "operation": "RESTART"}, "schemaVersion", id="later version"
        ),
        pytest.param(
            {"operation": "SET_REPORT_INTERVAL", "intervalSeconds": True}, "integer", id="true"
        ),
        pytest.param(
            {"operation": "SET_REPORT_INTERVAL", "intervalSeconds": 0}, "integer", id="zero"
        ),
        pytest.param(
            {"operation": "ROTATE_CERTIFICATE", "certificateId": "../x"}, "64 hex", id="id"
        ),
        pytest.param({"operation": "APPLY_ACTION", "actionName": "a b"}, "actionName", id="name"),
        pytest.param(managed({**SERVICES, "args": ["sshd"]}), "no service but", id="another unit"),
        pytest.param(managed({**SERVICES, "args": ["devicewarden", "x"]}), "no service", id="two"),
        pytest.param(managed({"handler": "reboot.sh"}), "one is understood", id="reboot"),
        pytest.param(managed({"command": "a,b"}, "runCommand"), "not run", id="a command"),
        pytest.param(managed(SERVICES, conditions=[{"key": "x"}]), "conditions", id="conditions"),
        pytest.param(managed(SERVICES, finalStep={"action": {}}), "final step", id="final step"),
        pytest.param({"steps": []}, "one is understood", id="no steps"),
    ],
)
def test_document_is_refused_with_its_reason(document: object, why: str) -> None:
    with pytest.raises(JobDocumentError, match=why):
        parse_operation(document)


@pytest.mark.parametrize("name", ["rotate-certificate", "restart-application"])
def test_published_documents_are_understood(name: str) -> None:
    parse_operation(json.loads((DATA / f"{name}.json").read_text()))


@pytest.mark.parametrize("name", ["reboot", "run-command"])
def test_other_managed_templates_are_refused(name: str) -> None:
    with pytest.raises(JobDocumentError):
        parse_operation(json.loads((DATA / f"{name}.json").read_text()))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
WORDS = st.sampled_from(["operation", "steps", "schemaVersion", "certificateId", "actionName"])


@given(st.dictionaries(WORDS, JSON | st.sampled_from(["RESTART", "1.0"])))
def test_nothing_else_than_an_operation_or_a_reason_comes_out(document: dict[str, Any]) -> None:
    try:
        operation: object = parse_operation(document)
    except JobDocumentError as error:
        operation = str(error)

    assert isinstance(operation, Operation | str)
    assert operation


@given(st.text())
def test_status_details_are_one_short_printable_line(text: str) -> None:
    said = told(text)

    assert 1 <= len(said) <= 200
    assert said.isprintable()
