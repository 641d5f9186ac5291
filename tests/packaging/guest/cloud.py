"""A cloud for the device: a network namespace with its broker, and a stranger beside that."""

from typing import Any, Final

from tests.packaging.guest.hands import SCENE, run, until

BROKER: Final = "10.9.9.2"
STRANGER: Final = "10.9.9.3"
DEVICE: Final = "10.9.9.1"
PORT: Final = 8099
EVENTS: Final = SCENE / "events"

_ENTER: Final = ("ip", "netns", "exec", "cloud")
_CONNECT: Final = """
import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), 1, (sys.argv[3], 0)).close()
"""


def connect() -> None:
    """Lay the wire, and start who is at its other end."""
    run("ip", "netns", "add", "cloud")
    run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1", "netns", "cloud")
    run("ip", "address", "add", f"{DEVICE}/24", "dev", "lan0")
    run("ip", "link", "set", "lan0", "up")
    for address in (BROKER, STRANGER):
        run(*_ENTER, "ip", "address", "add", f"{address}/24", "dev", "lan1")
    for link in ("lo", "lan1"):
        run(*_ENTER, "ip", "link", "set", link, "up")
    (SCENE / "broker.conf").write_text(f"listener 1883 {BROKER}\nallow_anonymous true\n")
    _start("broker", "mosquitto", "-c", str(SCENE / "broker.conf"))
    _start("stranger", "python3", "-m", "http.server", "--bind", STRANGER, "--directory=/usr", "80")
    until(lambda: passes(BROKER, 1883) and passes(STRANGER, 80))
    hear = f"exec mosquitto_sub -C 1 -h {BROKER} -t 'devicewarden/+/actions' > {EVENTS}"
    _start("hearer", "sh", "-c", hear)


def passes(host: str, port: int) -> bool:
    """Tell whether the device reaches somebody."""
    return run("python3", "-c", _CONNECT, host, str(port), DEVICE).code == 0


def is_reached() -> bool:
    """Tell whether the stranger reaches the device."""
    return run(*_ENTER, "python3", "-c", _CONNECT, DEVICE, str(PORT), STRANGER).code == 0


def lurk(name: str = "lurker") -> None:
    """Open a port for everybody, as somebody else."""
    listen = ("/usr/bin/python3", "-m", "http.server", "--directory", "/usr", str(PORT))
    run("systemd-run", "--quiet", "--collect", f"--unit={name}", "--uid=games", *listen)


def _start(name: str, *command: Any) -> None:
    run("systemd-run", "--quiet", "--collect", f"--unit={name}", *_ENTER, *command)
