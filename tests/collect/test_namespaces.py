"""What is collected in a network namespace where interfaces come, go and have hostile names."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SCENES = Path(__file__).with_name("namespace_scenes.py")
UNSHARE = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


def play(scene: str) -> Any:
    """Run one scene in a fresh network namespace."""
    if subprocess.run([*UNSHARE, "true"], check=False).returncode:  # noqa: S603 -- fixed words
        pytest.skip("this host does not let us make a network namespace")
    played = subprocess.run(  # noqa: S603 -- fixed words
        [*UNSHARE, sys.executable, str(SCENES), scene],
        check=True,
        timeout=60,
        stdout=subprocess.PIPE,
    )
    return json.loads(played.stdout)


def test_a_recreated_interface_is_no_negative_and_no_jump() -> None:
    seen = play("recreated_interface")

    assert seen["index_moved"]
    assert seen["recreated"] == [0, 0, 0, 0]
    assert all(100 <= count < 5000 for count in seen["later"][:2])


def test_short_connections_are_counted_and_loopback_is_no_traffic() -> None:
    seen = play("loopback")

    assert seen == {"opens": [5, 5], "traffic": [0, 0, 0, 0]}


def test_a_hostile_interface_name_harms_nobody() -> None:
    seen = play("hostile_name")

    listener = ["192.0.2.1", 4433, "e\\xff\\xe9\x1b[m"]
    assert seen["listeners"] == {choice: [listener] for choice in ("netlink", "proc", "psutil")}
    assert seen["counters_equal"]


def test_sockets_of_other_namespaces_are_not_listed() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        seen = play("own_namespace")

    assert seen == {"netlink": [], "proc": [], "psutil": []}
