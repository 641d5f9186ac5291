"""The daemon that runs, judged by its answer; and the one that does not."""

from typing import Any

import pytest

from devicewarden.config.load import Loaded
from devicewarden.config.settings import ControlSettings, Settings
from devicewarden.doctor import running
from devicewarden.doctor.document import understood
from devicewarden.doctor.examine import Examination
from devicewarden.doctor.running import ask_daemon, judge_report
from devicewarden.model.errors import AgentError
from devicewarden.publish.diagnosis import Diagnosis


def a_document(outcome: str | None, **changes: Any) -> dict[str, Any]:
    last = None if outcome is None else {"id": 7, "outcome": outcome}
    connection = dict.fromkeys(("state", "endpoint", "since", "last_error", "hint"), "")
    document = {"version": "1", "thing": "a", "problems": {}, "connection": connection}
    return {**document, "report": {"last": last}, **changes}


@pytest.mark.parametrize(
    ("outcome", "status", "hint"),
    [
        ("accepted", "ok", ""),
        ("acknowledged by the broker", "ok", ""),
        (None, "ok", ""),
        ("rejected: Throttled: slower", "failed", "300"),
        ("rejected: InvalidPayload: no", "failed", "once --check"),
        ("no reply within 10 s", "failed", "policy"),
        ("missed: not connected", "failed", "connection"),
    ],
)
def test_the_last_report_is_judged_by_its_outcome(
    outcome: str | None, status: str, hint: str
) -> None:
    verdict = judge_report(understood(a_document(outcome)))

    assert verdict.status == status
    assert hint in verdict.hint


def test_no_report_is_expected_without_a_daemon_or_a_broker() -> None:
    assert judge_report(None).status == "skipped"
    assert judge_report(understood(a_document(None, connection=None))).status == "skipped"


def test_a_daemon_with_problems_is_a_warning() -> None:
    document = a_document(None, problems={"state": "disk full"})

    found, verdict = ask_daemon(ControlSettings(socket="/s"), lambda _path, _command: document)

    assert found == understood(document)
    assert (verdict.status, "disk full" in verdict.message) == ("warning", True)


def test_a_daemon_that_does_not_answer_has_failed() -> None:
    def nobody(_path: str, _command: str) -> dict[str, Any]:
        raise AgentError("no daemon answers", hint="start it")

    found, verdict = ask_daemon(ControlSettings(socket="/s"), nobody)

    assert (found, verdict.status, verdict.hint) == (None, "failed", "start it")


@pytest.mark.parametrize(
    "in_force",
    ["the last good one is in force", "the old one is in force"],
    ids=["start", "reload"],
)
def test_a_daemon_that_refused_its_configuration_has_failed(in_force: str) -> None:
    problems = {"configuration": f"refused, {in_force}: report.max_bytes: too many"}
    document = a_document(None, problems=problems)

    _, verdict = ask_daemon(ControlSettings(socket="/s"), lambda _path, _command: document)

    assert verdict.status == "failed"
    assert "too many" in verdict.message
    assert "check-config" in verdict.hint


def test_a_daemon_whose_new_settings_wait_for_a_start_works() -> None:
    document = a_document(None, problems={"restart": "takes effect at the next start: a.b"})

    _, verdict = ask_daemon(ControlSettings(socket="/s"), lambda _path, _command: document)

    assert verdict.status == "warning"


@pytest.mark.parametrize(
    "changes",
    [
        {"version": None, "report": None},
        {"report": {}},
        {"report": {"last": []}},
        {"report": {"last": {"id": "x", "outcome": "accepted"}}},
        {"problems": []},
        {"connection": "connected"},
        {"connection": 7},
    ],
    ids=str,
)
def test_an_answer_that_is_no_status_is_a_failure_in_words(changes: dict[str, Any]) -> None:
    document = a_document(None, **changes)
    loaded = Loaded(Settings(), origins={}, files=(), given={})

    found = {each.name: each for each in Examination(loaded, lambda _p, _c: document).verdicts()}

    assert found["daemon"].status == "failed"
    assert "not understood" in found["daemon"].message
    assert found["report"].status == "skipped"


def test_an_empty_answer_is_not_understood() -> None:
    with pytest.raises(AgentError, match="not understood"):
        understood({})


@pytest.mark.parametrize(
    ("settings", "words"),
    [(ControlSettings(), "217/USER"), (ControlSettings(socket="/s"), "nobody")],
    ids=["the package's", "one's own"],
)
def test_the_unit_is_blamed_for_the_daemon_of_the_package(
    monkeypatch: pytest.MonkeyPatch, settings: ControlSettings, words: str
) -> None:
    def nobody(_path: str, _command: str) -> dict[str, Any]:
        raise AgentError("nobody answers", hint="start it")

    monkeypatch.setattr(running, "why_not_started", lambda: Diagnosis("217/USER", "make it"))

    _, verdict = ask_daemon(settings, nobody)

    assert words in verdict.message
    assert verdict.hint in {"make it", "start it"}
