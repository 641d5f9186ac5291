"""Logs that are kept, and a clock that is right."""

import pytest
from tests.audit.certificates import codes
from tests.audit.device.tree import Tree, settings, told, undecided

from devicewarden.audit.device.clock import Clock, ClockNotSynchronized, read_clock
from devicewarden.audit.device.host import Host
from devicewarden.audit.device.logs import (
    AgentLoggingReduced,
    BrokerLoggingDisabled,
    JournalNotPersistent,
)

JOURNALD = "/etc/systemd/journald.conf"
DROP_IN = "/etc/systemd/journald.conf.d/volatile.conf"
BROKER = "/etc/mosquitto/mosquitto.conf"


@pytest.mark.parametrize(("level", "found"), [("error", True), ("warning", False), ("info", False)])
def test_an_agent_that_logs_errors_alone_does_not_comply(
    tree: Tree, level: str, *, found: bool
) -> None:
    codes = [code for _, code in told(tree.audit(AgentLoggingReduced(), log={"level": level}))]

    assert codes == (["LOGGING_DISABLED"] if found else [])


@pytest.fixture
def journal(tree: Tree) -> Tree:
    tree.write("/usr/lib/systemd/systemd-journald")
    return tree


@pytest.mark.parametrize(
    ("storage", "folder", "expected"),
    [
        pytest.param("", True, [], id="auto, with a folder"),
        pytest.param("", False, [(JOURNALD, "LOG_NOT_PERSISTENT")], id="auto, without"),
        pytest.param("persistent", False, [], id="persistent"),
        pytest.param("volatile", True, [(JOURNALD, "LOG_NOT_PERSISTENT")], id="volatile"),
        pytest.param("none", True, [(JOURNALD, "LOGGING_DISABLED")], id="none"),
    ],
)
def test_a_journal_in_memory_does_not_comply(
    journal: Tree, storage: str, expected: list[tuple[str, str]], *, folder: bool
) -> None:
    journal.write(JOURNALD, f"[Journal]\n#Storage=persistent\nStorage={storage}\n")
    if folder:
        journal.folder("/var/log/journal")

    assert told(journal.audit(JournalNotPersistent())) == expected


def test_a_drop_in_makes_the_journal_volatile(journal: Tree) -> None:
    journal.write(JOURNALD, "[Journal]\nStorage=persistent\n")
    journal.write(DROP_IN, "[Journal]\nStorage=volatile\n")

    assert told(journal.audit(JournalNotPersistent())) == [(DROP_IN, "LOG_NOT_PERSISTENT")]


def test_another_logger_keeps_what_the_journal_does_not_unless_it_gets_nothing(
    journal: Tree,
) -> None:
    journal.write("/usr/sbin/rsyslogd")

    kept = told(journal.audit(JournalNotPersistent()))
    journal.write(JOURNALD, "[Journal]\nStorage=none\n")
    nothing = told(journal.audit(JournalNotPersistent()))

    assert (kept, nothing) == ([], [(JOURNALD, "LOGGING_DISABLED")])


def test_a_host_without_a_journal_is_not_judged(tree: Tree) -> None:
    assert told(tree.audit(JournalNotPersistent())) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", False, id="defaults"),
        pytest.param("log_dest file /var/log/mosquitto.log\n", False, id="a file"),
        pytest.param("log_dest none\n", True, id="no destination"),
        pytest.param("log_type none\n", True, id="no type"),
        pytest.param("log_dest none\nlog_dest syslog\n", False, id="another destination"),
        pytest.param("# log_dest none\n", False, id="commented out"),
        pytest.param("include_dir /etc/mosquitto/conf.d\n", True, id="in an included file"),
    ],
)
def test_a_broker_that_logs_nothing_does_not_comply(tree: Tree, text: str, *, found: bool) -> None:
    tree.write(BROKER, text)
    tree.write("/etc/mosquitto/conf.d/quiet.conf", "log_dest none\n")

    expected = [(BROKER, "LOGGING_DISABLED")] if found else []
    assert told(tree.audit(BrokerLoggingDisabled())) == expected


def test_a_host_without_a_broker_is_not_judged(tree: Tree) -> None:
    assert told(tree.audit(BrokerLoggingDisabled())) == []


def test_a_clock_that_systemd_has_set_complies(tree: Tree) -> None:
    tree.write("/run/systemd/timesync/synchronized")

    assert told(tree.audit(ClockNotSynchronized())) == []


def test_a_clock_that_nobody_keeps_right_does_not_comply() -> None:
    check = ClockNotSynchronized()

    assert codes(check, Clock(synchronized=True)) == []
    assert codes(check, Clock(synchronized=False)) == ["CLOCK_NOT_SYNCHRONIZED"]


def test_a_kernel_that_does_not_say_leaves_it_undecided(tree: Tree) -> None:
    assert "does not say" in undecided(tree.audit(ClockNotSynchronized()))


def test_a_container_that_may_not_ask_leaves_the_clock_to_its_host(tree: Tree) -> None:
    tree.write("/run/systemd/container", "systemd-nspawn")

    assert told(tree.audit(ClockNotSynchronized())) == []


@pytest.mark.parametrize(("kernel", "synchronized"), [(False, False), (True, True), (None, True)])
def test_the_kernel_knows_better_than_a_file_of_long_ago(
    tree: Tree, *, kernel: bool | None, synchronized: bool
) -> None:
    tree.write("/run/systemd/timesync/synchronized")
    host = Host(settings(), tree.root)

    assert list(read_clock(host, lambda: kernel)) == [Clock(synchronized)]


def test_a_folder_whose_name_is_none_is_undecided(tree: Tree) -> None:
    tree.write("/etc/mosquitto/mosquitto.conf", "include_dir /etc\0\n")

    assert "cannot be read" in undecided(tree.audit(BrokerLoggingDisabled()))
