"""Reports of the daemon and of `once`, in every format, as the service judges them."""

import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import cbor2
import pytest
from tests.e2e.agent_process import COMMAND, AgentProcess, devicewarden

from devicewarden.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.e2e.conftest import Device

pytestmark = pytest.mark.e2e
Connect = Callable[[str], "Device"]
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
NOBODY = 65534
HEADER = {"long": "header", "short": "hed"}
DECODE: dict[str, Callable[[bytes], dict[str, object]]] = {"json": json.loads, "cbor": cbor2.loads}


def as_nobody() -> list[str]:
    """The words before a command that make it run without any privilege."""
    if os.geteuid():
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]


@pytest.mark.parametrize("names", ["long", "short"])
@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_daemon_is_accepted_in_every_format(
    sandbox: Sandbox, agent: Start, config: Config, encoding: str, names: str
) -> None:
    running = agent(config({"report": {"format": encoding, "names": names}}))

    running.counted(accepted=2)

    for received in sandbox.received:
        assert (received.verdict, received.format, received.reasons) == ("accepted", encoding, ())
        assert HEADER[names] in DECODE[encoding](received.payload)


def test_reports_show_the_listeners_and_connections_of_this_host(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    running = agent(config())
    running.counted(accepted=2)

    metrics = sandbox.received[-1].document["metrics"]

    ports = {entry["port"] for entry in metrics["listening_tcp_ports"]["ports"]}
    peers = {
        entry["remote_addr"]
        for entry in metrics["tcp_connections"]["established_connections"]["connections"]
    }
    assert {sandbox.port, sandbox.broker.port} <= ports
    assert f"127.0.0.1:{sandbox.port}" in peers


@pytest.mark.parametrize(("encoding", "names"), [("json", "long"), ("cbor", "short")])
def test_once_prints_what_the_schema_takes(encoding: str, names: str) -> None:
    done = devicewarden("once", "--check", "--format", encoding, "--names", names, "--over", 0.1)

    assert done.returncode == 0, done.stderr
    assert HEADER[names] in DECODE[encoding](done.stdout)


def test_once_needs_no_configuration_and_no_privilege(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    reachable = devicewarden("--version", prefix=as_nobody(), environ={"HOME": str(home)})
    if reachable.returncode:
        pytest.skip(f"an unprivileged user cannot reach {COMMAND[0]}")

    done = devicewarden("once", "--over", 0.1, prefix=as_nobody(), environ={"HOME": str(home)})

    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert set(json.loads(done.stdout)["metrics"]) >= {"listening_tcp_ports", "tcp_connections"}
    assert list(home.iterdir()) == []


def test_once_publishes_beside_the_daemon_and_does_not_disturb_it(
    sandbox: Sandbox, agent: Start, config: Config, connect: Connect
) -> None:
    presence = {"presence_topic": "devicewarden/{thing}/presence"}
    file = config({"thing": {"client_id": "edge-1-agent"}, "publish": presence})
    running = agent(file)
    last = running.counted(accepted=2)["report"]["last"]["id"]

    done = devicewarden("once", "--publish", "--over", 0.1, "--config", file)

    said = done.stderr.decode()
    assert done.returncode == 0, said
    assert said.endswith(": accepted\n")
    assert int(said.split()[1].rstrip(":")) > last
    status = running.accepts(2)
    assert status["connection"]["connects"] == 1
    ids = [received.document["header"]["report_id"] for received in sandbox.received]
    assert all(earlier < later for earlier, later in pairwise(ids))
    watcher = connect("edge-1")
    watcher.subscribe("devicewarden/edge-1/presence")
    while not (message := watcher.messages.get(timeout=10)).topic.endswith("/presence"):
        pass
    assert json.loads(message.payload)["state"] == "online"


def test_once_that_cannot_publish_says_why(sandbox: Sandbox, config: Config) -> None:
    sandbox.fault("reject", 1)

    done = devicewarden("once", "--publish", "--over", 0.1, "--config", config())

    assert done.returncode == 70
    assert b"rejected: InvalidPayload" in done.stderr


def test_once_without_a_broker_to_publish_to_is_a_configuration_error(config: Config) -> None:
    file = config({"publish": {"endpoint": ""}})

    done = devicewarden("once", "--publish", "--over", 0.1, "--config", file)

    assert done.returncode == 78
    assert b"set publish.endpoint" in done.stderr
