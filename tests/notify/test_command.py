"""The command: its status is its answer, and nothing that it started outlives it."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from devicewarden.config.notify_settings import CommandSettings
from devicewarden.model.errors import (
    DeliveryError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from devicewarden.notify.child import ChildSink
from devicewarden.notify.sink import Event

pytestmark = pytest.mark.e2e
BODY = json.dumps({"violationEventType": "in-alarm"}).encode()


def run(*argv: str, timeout_s: float = 20, payload: bytes = BODY) -> None:
    sink = ChildSink(
        "command:siren",
        "devicewarden.notify.command",
        CommandSettings("siren", argv, timeout_s=timeout_s),
    )
    asyncio.run(sink.deliver(Event(event_id="a1-in-alarm", quiet=False, payload=payload)))


def shell(script: str, *words: object, timeout_s: float = 20) -> None:
    run("/bin/sh", "-c", script, "sh", *map(str, words), timeout_s=timeout_s)


def ended(pid_file: Path) -> bool:
    return not Path(f"/proc/{int(pid_file.read_text())}").exists()


def test_a_command_has_the_document_the_id_and_a_clean_environment(tmp_path: Path) -> None:
    shell('cat >"$1/body"; env >"$1/env"; pwd >"$1/pwd"', tmp_path)

    assert (tmp_path / "body").read_bytes() == BODY
    assert (tmp_path / "pwd").read_text() == "/\n"
    found = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert found.pop("PATH").startswith("/usr/local/sbin:")
    assert {name: found[name] for name in found if name not in {"PWD", "SHLVL", "_", "OLDPWD"}} == {
        "LANG": "C",
        "DEVICEWARDEN_EVENT_ID": "a1-in-alarm",
        "DEVICEWARDEN_EVENT": "violation",
    }


def test_a_command_that_reads_nothing_is_no_failure() -> None:
    run("true", payload=b"x" * 1_000_000)


@pytest.mark.parametrize(
    ("script", "expected", "told"),
    [
        ("echo one >&2; printf 'no\\033[2J siren\\n' >&2; exit 1", PermanentDeliveryError, None),
        ("exit 75", TemporaryDeliveryError, "exit status 75"),
        ("kill -9 $$", TemporaryDeliveryError, "killed by signal 9"),
        ("kill -9 0", TemporaryDeliveryError, "killed by signal 9"),
    ],
)
def test_the_status_decides_on_another_attempt(
    script: str, expected: type[DeliveryError], told: str | None
) -> None:
    with pytest.raises(expected) as caught:
        shell(script)

    assert str(caught.value) == (told or "exit status 1: no?[2J siren")


@pytest.mark.parametrize("program", ["/nonexistent/siren", "/etc/passwd", "/"])
def test_a_program_that_cannot_be_started_may_be_installed_later(program: str) -> None:
    with pytest.raises(TemporaryDeliveryError, match="cannot start"):
        run(program)


def test_a_command_that_prints_without_end_is_killed_and_its_last_words_are_short() -> None:
    with pytest.raises(TemporaryDeliveryError, match="not done within 1 s"):
        shell("yes; exit 0", timeout_s=1)
    with pytest.raises(TemporaryDeliveryError, match="not done within 1 s"):
        shell("yes >&2", timeout_s=1)


def test_what_a_command_leaves_running_ends_with_it(tmp_path: Path) -> None:
    shell(
        'setsid sh -c \'echo $$ >"$0/pid"; exec sleep 600\' "$1" & '
        'while [ ! -s "$1/pid" ]; do :; done',
        tmp_path,
    )

    assert ended(tmp_path / "pid")


def test_a_command_that_hides_in_sessions_of_its_own_is_killed_with_all_of_them(
    tmp_path: Path,
) -> None:
    # Twice forked away, each in its own session, and none of them ever ends.
    script = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "for generation in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        open(f'{sys.argv[1]}/{generation}', 'w').write(str(os.getpid()))\n"
        "        continue\n"
        "    break\n"
        "signal.pause()\n"
    )

    with pytest.raises(TemporaryDeliveryError, match="not done within 2 s"):
        run(sys.executable, "-c", script, str(tmp_path), timeout_s=2)

    files = [tmp_path / str(generation) for generation in range(3)]
    assert all(map(ended, files))


def test_a_command_that_forks_away_again_and_again_is_caught(tmp_path: Path) -> None:
    # A new process every few milliseconds, each after its parent has gone.
    script = (
        "import os, sys, time\n"
        "for number in range(10**6):\n"
        "    if os.fork():\n"
        "        os._exit(0)\n"
        "    os.setsid()\n"
        "    open(sys.argv[1], 'w').write(str(number))\n"
        "    os.sched_yield()\n"
    )

    run(sys.executable, "-c", script, str(tmp_path / "last"))

    own = str(tmp_path / "last").encode()
    assert not [pid for pid in Path("/proc").glob("[0-9]*") if own in command_line(pid)]


def command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
