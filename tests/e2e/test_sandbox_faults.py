"""Each fault of the sandbox does what its line in the table says."""

import json
import time
from collections.abc import Callable
from queue import Empty
from typing import TYPE_CHECKING

import pytest

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.faults import FAULTS
from devicewarden.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.e2e.conftest import Device

pytestmark = pytest.mark.e2e
Connect = Callable[[str], "Device"]
TOPIC = "$aws/things/edge-1/defender/metrics/json"
PATIENCE_S = 10.0
LARGE_REPORT = b" " * 20_000


def test_every_fault_has_a_test_here() -> None:
    tests = [name for name in globals() if name.startswith("test_")]

    untested = [
        fault.name
        for fault in FAULTS
        if not any(name.startswith(f"test_{fault.name.replace('-', '_')}_") for name in tests)
    ]

    assert untested == []


def test_reject_refuses_the_next_reports_with_the_code_given(
    sandbox: Sandbox, connect: Connect
) -> None:
    device = connect("edge-1")

    sandbox.fault("reject", 1, "InternalError")
    device.report(1)
    device.report(2)

    rejected, accepted = device.reply(), device.reply()
    assert rejected["statusDetails"]["ErrorCode"] == "InternalError"
    assert (accepted["status"], accepted["reportId"]) == ("ACCEPTED", 2)


def test_silence_leaves_the_next_reports_without_a_reply(
    sandbox: Sandbox, connect: Connect
) -> None:
    device = connect("edge-1")

    sandbox.fault("silence", 2)
    for report_id in (1, 2, 3):
        device.report(report_id)

    assert device.reply()["reportId"] == 3
    assert [received.reply is None for received in sandbox.received] == [True, True, False]


def test_garbage_is_no_json(sandbox: Sandbox, connect: Connect) -> None:
    device = connect("edge-1")

    sandbox.fault("garbage", 1)
    device.report(1)
    device.report(2)

    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(device.messages.get(timeout=10).payload)
    assert device.reply()["reportId"] == 2


def test_late_reply_comes_after_that_of_the_next_report(sandbox: Sandbox, connect: Connect) -> None:
    watch = sandbox.watch()
    device = connect("edge-1")

    sandbox.fault("late", 1)
    device.report(1)
    watch.get(timeout=10)
    sandbox.fault("normal")
    device.report(2)

    assert [device.reply()["reportId"] for _ in range(2)] == [2, 1]


def test_deny_reports_refuses_them_and_nothing_else(sandbox: Sandbox, connect: Connect) -> None:
    device = connect("edge-1")

    sandbox.fault("deny-reports", "on")
    denied = answers(device, "Not authorized")
    other = device.publish("devicewarden/edge-1/violations", b"{}")
    sandbox.fault("normal")

    assert denied
    assert other == "Success"
    assert answers(device, "Success")


def answers(device: "Device", answer: str) -> bool:
    """Tell whether the broker soon answers a report so: nobody tells when it has read its rules."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if device.publish(TOPIC, b"{}") == answer:
            return True
    return False


def test_throttle_refuses_reports_that_come_too_soon(sandbox: Sandbox, connect: Connect) -> None:
    device = connect("edge-1")

    sandbox.fault("throttle", "on")
    device.report(1)
    device.report(2)
    throttled = [device.reply(), device.reply()][1]
    sandbox.fault("throttle", "off")
    device.report(3)

    assert throttled["statusDetails"]["ErrorCode"] == "Throttled"
    assert device.reply()["status"] == "ACCEPTED"


def test_drop_ends_connections_and_takes_new_ones(sandbox: Sandbox, connect: Connect) -> None:
    device = connect("edge-1")

    sandbox.fault("drop")

    assert device.happened.get(timeout=10) == "disconnected"
    connect("edge-1").report(1)


def test_refuse_connections_keeps_those_that_stand(sandbox: Sandbox, connect: Connect) -> None:
    device = connect("edge-1")

    sandbox.fault("refuse-connections")
    with pytest.raises(ConnectionRefusedError):
        connect("edge-2")
    device.report(1)
    sandbox.fault("normal")

    assert device.reply()["status"] == "ACCEPTED"
    connect("edge-2").report(1)


def test_black_hole_holds_everything_until_it_ends(sandbox: Sandbox, connect: Connect) -> None:
    watch = sandbox.watch()
    device = connect("edge-1")

    sandbox.fault("black-hole")
    device.send(TOPIC, LARGE_REPORT)
    with pytest.raises(Empty):
        watch.get(timeout=0.3)
    sandbox.fault("normal")

    assert device.acknowledgement() == "Success"
    assert watch.get(timeout=10).payload == LARGE_REPORT


def test_cut_after_ends_the_connection_in_the_middle_of_a_publish(
    sandbox: Sandbox, connect: Connect
) -> None:
    watch = sandbox.watch()
    device = connect("edge-1")

    sandbox.fault("cut-after", 500)
    device.send(TOPIC, LARGE_REPORT)
    assert device.happened.get(timeout=10) == "disconnected"
    sandbox.fault("normal")

    connect("edge-2").report(1)
    assert watch.get(timeout=10).thing == "edge-2"


def test_drop_after_ends_connections_that_were_made(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.fault("drop-after", 2000)

    device = connect("edge-1")

    assert device.happened.get(timeout=10) == "disconnected"
    assert sandbox.received == ()


def test_restart_ends_connections_and_the_endpoint_is_back(
    sandbox: Sandbox, connect: Connect
) -> None:
    device = connect("edge-1")
    port = sandbox.port

    sandbox.fault("restart")

    assert device.happened.get(timeout=10) == "disconnected"
    again = connect("edge-1")
    again.report(1)
    assert again.reply()["status"] == "ACCEPTED"
    assert sandbox.port == port


def test_revoke_ends_the_connection_and_refuses_that_thing_alone(
    sandbox: Sandbox, connect: Connect
) -> None:
    device = connect("edge-1")

    sandbox.fault("revoke", "edge-1")

    assert device.happened.get(timeout=10) == "disconnected"
    with pytest.raises(OSError, match=r".+"):
        connect("edge-1")
    connect("edge-2").report(1)


def test_allow_takes_the_certificate_again(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.fault("revoke", "edge-1")
    sandbox.fault("revoke", "edge-2")

    sandbox.fault("allow", "edge-1")

    connect("edge-1").report(1)
    with pytest.raises(OSError, match=r".+"):
        connect("edge-2")


def test_normal_ends_every_fault(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.fault("revoke", "edge-1")
    sandbox.fault("refuse-connections")
    sandbox.fault("black-hole")
    sandbox.fault("cut-after", 1)
    sandbox.fault("reject", 5)
    sandbox.fault("late", 60)

    sandbox.fault("normal")

    device = connect("edge-1")
    device.report(1)
    assert device.reply()["status"] == "ACCEPTED"


def test_unknown_thing_is_answered_with_the_known_ones(sandbox: Sandbox) -> None:
    with pytest.raises(AgentError, match="no thing 'edge-9'") as caught:
        sandbox.fault("revoke", "edge-9")

    assert "edge-1, edge-2" in caught.value.hint
