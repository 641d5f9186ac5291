"""A network namespace of a test's own, in which nft may do what it likes, and a host next door."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devicewarden.mitigate.process import Ended

ROOT = () if os.geteuid() == 0 else ("--map-root-user",)
ENTER = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")
OURS, OTHER = "192.0.2.1", "192.0.2.2"
OURS6, OTHER6 = "2001:db8::1", "2001:db8::2"
ELSEWHERE, ELSEWHERE6 = "192.0.2.3", "2001:db8::3"
PYTHON = (sys.executable, "-P")


class Network:
    """A namespace, held open by a process that waits."""

    def __init__(self, holder: int) -> None:
        self.enter = ("nsenter", *ENTER, "--net", f"--target={holder}")

    def run(self, *argv: str, stdin: bytes = b"", check: bool = True, timeout_s: float = 60) -> str:
        done = subprocess.run(  # noqa: S603 -- fixed words
            [*self.enter, *argv], input=stdin, capture_output=True, timeout=timeout_s, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{argv}: {done.stderr.decode()}")
        return done.stdout.decode()

    def nft(self, arguments: tuple[str, ...], script: bytes) -> Ended:
        """Stand in for what a session gives to the firewall."""
        done = subprocess.run(  # noqa: S603 -- fixed words
            [*self.enter, "nft", *arguments],
            input=script,
            capture_output=True,
            timeout=60,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        return Ended(done.returncode, done.stdout, done.stderr.decode().strip())

    @property
    def ruleset(self) -> str:
        return self.run("nft", "list", "ruleset")

    def reaches(self, address: str, port: int, *, udp: bool = False, source: str = "") -> bool:
        """Tell whether a server there answers within a moment; `source`: asked from its port 53."""
        return not self._ask(address, port, "udp" if udp else "tcp", *([source] if source else []))

    def may_flood(self, address: str, port: int) -> bool:
        """Tell whether 100 kB at once all leave."""
        return bool(self._ask(address, port, "flood"))

    def _ask(self, address: str, port: int, kind: str, *source: str) -> int:
        script = Path(__file__).with_name("ask.py")
        argv = [*self.enter, *PYTHON, str(script), address, str(port), kind, *source]
        return subprocess.run(  # noqa: S603 -- fixed words
            argv, capture_output=True, timeout=60, check=False
        ).returncode


@contextmanager
def alone() -> Iterator[Network]:
    """Make an empty namespace with loopback up."""
    with subprocess.Popen(  # noqa: S603 -- fixed words
        ["unshare", *ROOT, "--net", "cat"],  # noqa: S607 -- where the developer has them
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        # It answers once it is in its namespace.
        holder.stdin.write(b"there?\n")
        holder.stdin.flush()
        holder.stdout.readline()
        network = Network(holder.pid)
        network.run("ip", "link", "set", "lo", "up")
        try:
            yield network
        finally:
            holder.stdin.close()


@contextmanager
def neighbors() -> Iterator[tuple[Network, Network]]:
    """Make two namespaces that a cable connects; next door, servers of two addresses echo."""
    with alone() as ours, alone() as other:
        other_pid = other.enter[-1].partition("=")[2]
        ours.run(
            "ip", "link", "add", "door", "type", "veth", "peer", "name", "door", "netns", other_pid
        )
        for network, addresses in (
            (ours, (f"{OURS}/24", f"{OURS6}/64")),
            (other, (f"{OTHER}/24", f"{OTHER6}/64", f"{ELSEWHERE}/24", f"{ELSEWHERE6}/64")),
        ):
            for address in addresses:
                nodad = ["nodad"] if ":" in address else []
                network.run("ip", "address", "add", address, "dev", "door", *nodad)
            network.run("ip", "link", "set", "door", "up")
        with (
            _echoing(ours, "127.0.0.1", "::1", OURS, OURS6),
            _echoing(other, OTHER, OTHER6, ELSEWHERE, ELSEWHERE6),
        ):
            yield ours, other


@contextmanager
def _echoing(network: Network, *addresses: str) -> Iterator[None]:
    script = Path(__file__).with_name("echo.py")
    with subprocess.Popen(  # noqa: S603 -- fixed words
        [*network.enter, *PYTHON, str(script), *addresses],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdout.readline()
        try:
            yield
        finally:
            server.stdin.close()
