"""Logging: facts in one line each, for a terminal, for journald, or for a machine.

What a fact says may come from a hostile process, interface or broker. So every character that
could end a line, move a cursor or turn the reading direction is written as its escape.
"""

import contextlib
import logging
import os
import sys
from typing import Any, Final, Literal, TextIO, TypeAlias

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from devicewarden.config.settings import LogSettings

Format: TypeAlias = Literal["console", "journald", "json"]

_PRIORITIES: Final = {"critical": 2, "error": 3, "warning": 4, "info": 6}
"""Level -> syslog priority, sd-daemon(3); the rest is debug, 7."""

_MAX_TEXT: Final = 1_000
_MAX_TRACEBACK: Final = 8_000
"""Characters; journald cuts a line at 48 KiB, and what follows would look like another entry."""

_MAX_BITS: Final = 64
"""Python refuses to print very large integers, and a broker may send one."""


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send everything that is logged to one stream; may be called again, after a reload.

    Warnings and errors that libraries log by `logging` take the same way.

    Args:
        settings: least level, and format.
        stream: where lines go, standard error by default; it may fail or be closed.
    """
    stream = sys.stderr if stream is None else stream
    chosen = _fitting(stream) if settings.format == "auto" else settings.format
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            *_ending(chosen, colors=stream.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        logger_factory=structlog.WriteLoggerFactory(file=_Steady(stream)),  # type: ignore[arg-type]  # write and flush are all it calls
        cache_logger_on_first_use=False,
    )
    _adopt_libraries()


def _fitting(stream: TextIO) -> Format:
    if stream.isatty():
        return "console"
    return "journald" if _is_journal(stream) else "json"


def _is_journal(stream: TextIO) -> bool:
    # systemd.exec(5): device and inode of the stream that journald reads.
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _ending(chosen: Format, *, colors: bool) -> tuple[Processor, ...]:
    match chosen:
        case "console":
            renderer = structlog.dev.ConsoleRenderer(
                colors=colors,
                repr_native_str=True,
                sort_keys=False,
                exception_formatter=structlog.dev.plain_traceback,
            )
            clock = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
            return clock, _escape, _indent_traceback, renderer
        case "journald":
            logfmt = structlog.processors.LogfmtRenderer(key_order=["event"], bool_as_flag=False)
            return _escape, _take_priority(logfmt)
        case "json":
            clock = structlog.processors.TimeStamper(fmt="iso", utc=True)
            return clock, _escape, structlog.processors.JSONRenderer()


def _take_priority(render: Processor) -> Processor:
    def line(logger: WrappedLogger, method: str, facts: EventDict) -> str:
        priority = _PRIORITIES.get(facts.pop("level"), 7)
        return f"<{priority}>{render(logger, method, facts)}"  # type: ignore[str-bytes-safe]  # logfmt is text

    return line


def _escape(_logger: WrappedLogger, _method: str, facts: EventDict) -> EventDict:
    return {_name(key): _value(key, value) for key, value in facts.items()}


def _indent_traceback(_logger: WrappedLogger, _method: str, facts: EventDict) -> EventDict:
    # Its line ends were escaped: only those are put back, and no line can pose as an entry.
    if "exception" in facts:
        facts["exception"] = "    " + facts["exception"].replace("\\n", "\n    ")
    return facts


def _name(key: str) -> str:
    return "".join(c if c.isalnum() or c in "_-." else "_" for c in key)


def _value(key: str, value: object) -> object:
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return f"integer of {value.bit_length()} bits"
    if value is None or isinstance(value, bool | int | float):
        return value
    if key == "exception":
        return escaped(str(value)[-_MAX_TRACEBACK:])[-_MAX_TRACEBACK:]
    text = escaped(str(value)[:_MAX_TEXT])
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT]


def escaped(text: str) -> str:
    """Write what cannot be printed, or changes how the rest is read, as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class _Steady:
    """A stream whose failures end no job: there is nowhere left to tell of them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class _FromLibraries(logging.Handler):
    """Hands on what libraries log by the standard library's `logging`."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        facts: dict[str, Any] = {"library": record.name, "message": _message(record)}
        if record.exc_info:
            facts["exc_info"] = record.exc_info
        if record.levelno >= logging.ERROR:
            log.error("library_logged", **facts)
        else:
            log.warning("library_logged", **facts)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)


def _adopt_libraries() -> None:
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    if not any(isinstance(handler, _FromLibraries) for handler in root.handlers):
        root.addHandler(_FromLibraries())
