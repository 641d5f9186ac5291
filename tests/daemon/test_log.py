"""What is logged, and what a hostile name cannot make of it."""

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.settings import LogSettings
from devicewarden.daemon.log import configure, escaped

FORMATS: tuple[Literal["console", "journald", "json"], ...] = ("console", "journald", "json")
FORGED = 'eth0"\n<0>event=forged\r\x1b[2J\x85\u2028\u202e\ud800 level=error'


@pytest.fixture(autouse=True)
def _logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(fmt: Literal["console", "journald", "json"], **facts: object) -> str:
    stream = io.StringIO()
    configure(LogSettings(format=fmt), stream)
    structlog.get_logger().warning("report_not_published", **facts)
    return stream.getvalue()


def test_journald_gets_priority_and_logfmt_without_time() -> None:
    line = logged("journald", topic="a b", size_bytes=812, whole=True, hint=None)

    assert line == '<4>event=report_not_published topic="a b" size_bytes=812 whole=true hint=\n'


@pytest.mark.parametrize(
    ("method", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3)]
)
def test_priorities_are_those_of_syslog(method: str, priority: int) -> None:
    stream = io.StringIO()
    configure(LogSettings(format="journald", level="debug"), stream)

    getattr(structlog.get_logger(), method)("happened")

    assert stream.getvalue() == f"<{priority}>event=happened\n"


def test_json_is_an_object_with_utc_time() -> None:
    document = json.loads(logged("json", size_bytes=812))

    assert document.pop("timestamp").endswith("Z")
    assert document == {"event": "report_not_published", "level": "warning", "size_bytes": 812}


def test_console_is_for_people() -> None:
    line = logged("console", topic="a b")

    assert "[warning  ] report_not_published" in line
    assert "topic='a b'" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_hostile_value_stays_in_its_line(fmt: Literal["console", "journald", "json"]) -> None:
    text = logged(fmt, interface=FORGED, names=[FORGED], **{FORGED: 1})

    assert text.endswith("\n")
    assert text[:-1].isprintable()
    assert "forged" in text


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_hostile_error_cannot_pose_as_an_entry(
    fmt: Literal["console", "journald", "json"],
) -> None:
    stream = io.StringIO()
    configure(LogSettings(format=fmt), stream)

    try:
        int(FORGED)
    except ValueError:
        structlog.get_logger().exception("job_failed", job="reporting")

    first, *others = stream.getvalue().splitlines()
    assert "job_failed" in first
    assert "ValueError" in stream.getvalue()
    assert all(line.startswith("    ") and line.isprintable() for line in others)


@given(text=st.text(alphabet=st.characters()))
def test_escaped_text_is_printable_and_printable_text_stays(text: str) -> None:
    safe = escaped(text)

    assert safe.isprintable()
    assert escaped(safe) == safe
    assert not text.isprintable() or safe == text


@given(text=st.text(alphabet='ab"= \\\n'))
def test_a_logfmt_value_ends_where_it_should(text: str) -> None:
    line = logged("journald", interface=text, last="end")

    quotes = line.replace("\\\\", "").replace('\\"', "").count('"')
    assert line.endswith(" last=end\n")
    assert quotes in {0, 2}


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_line_has_a_bounded_length(fmt: Literal["console", "journald", "json"]) -> None:
    text = logged(fmt, a="x" * 10**6, b="\n" * 10**6, c=["y"] * 10**5, d=10**10_000)

    assert len(text) < 8_000
    assert "bits" in text


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_traceback_has_a_bounded_length(fmt: Literal["console", "journald", "json"]) -> None:
    stream = io.StringIO()
    configure(LogSettings(format=fmt), stream)

    structlog.get_logger().error("job_failed", exc_info=ValueError("\n" * 10**6))

    assert len(stream.getvalue()) < 24_000


def test_debug_is_left_out_unless_asked_for() -> None:
    stream = io.StringIO()
    configure(LogSettings(format="json", level="info"), stream)
    log = structlog.get_logger()
    log.debug("unseen")
    configure(LogSettings(format="json", level="debug"), stream)
    log.debug("seen")

    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]

    assert events == ["seen"]


def test_warnings_of_libraries_take_the_same_way() -> None:
    stream = io.StringIO()
    configure(LogSettings(format="journald"), stream)
    configure(LogSettings(format="journald"), stream)

    library = logging.getLogger("asyncio")
    library.info("unseen")
    library.warning("slow %s", "callback\n<0>forged")
    library.error("broken")

    assert stream.getvalue().splitlines() == [
        '<4>event=library_logged library=asyncio message="slow callback\\\\n<0>forged"',
        "<3>event=library_logged library=asyncio message=broken",
    ]


def test_a_library_that_misuses_logging_is_heard_all_the_same() -> None:
    stream = io.StringIO()
    configure(LogSettings(format="journald"), stream)
    record = logging.makeLogRecord({"name": "x", "levelno": 30, "msg": "%d", "args": ("one",)})

    logging.getLogger().handlers[-1].handle(record)

    assert stream.getvalue() == "<4>event=library_logged library=x message=%d\n"


def test_tracebacks_of_libraries_come_along() -> None:
    stream = io.StringIO()
    configure(LogSettings(format="json"), stream)

    try:
        dict[str, int]()["lost"]
    except KeyError:
        logging.getLogger("asyncio").exception("task failed")

    assert "KeyError: 'lost'" in json.loads(stream.getvalue())["exception"]


def test_a_closed_stream_ends_no_job() -> None:
    stream = io.StringIO()
    configure(LogSettings(format="json"), stream)
    stream.close()

    structlog.get_logger().error("unheard")


def test_auto_is_console_on_a_terminal() -> None:
    leader, follower = os.openpty()
    with open(leader, "rb", buffering=0) as screen, open(follower, "w") as terminal:  # noqa: PTH123  descriptors, not paths
        configure(LogSettings(), terminal)
        structlog.get_logger().info("agent_started")

        assert b"\x1b[" in screen.read(500)


def test_auto_is_journald_where_the_stream_is_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    with path.open("w") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        configure(LogSettings(), stream)

        structlog.get_logger().info("agent_started")

    assert path.read_text() == "<6>event=agent_started\n"


def test_auto_is_json_where_only_another_stream_is_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    with path.open("w") as stream:
        configure(LogSettings(), stream)

        structlog.get_logger().info("agent_started")

    assert json.loads(path.read_text())["event"] == "agent_started"
