"""A packet filter in memory, that knows as much of nft as our table needs."""

import json
import re
from typing import Any

from devicewarden.mitigate.process import Ended

NO_TABLE = "Error: No such file or directory\nlist table inet devicewarden"


class FakeNft:
    """Takes scripts whole or not at all.

    Attributes:
        refuses: what it says in the place of taking a script; empty: it takes it.
        scripts: that it took.
        gates: open ones, and their seconds.
    """

    def __init__(self) -> None:
        self.refuses = ""
        self.scripts: list[str] = []
        self.gates: dict[str, int] = {}
        self._sets: set[str] = set()

    def __call__(self, arguments: tuple[str, ...], script: bytes) -> Ended:
        if arguments[:2] == ("-j", "list"):
            return self._list()
        if self.refuses:
            return Ended(1, b"", self.refuses)
        self.scripts.append(script.decode())
        for line in script.decode().splitlines():
            self._take(line)
        return Ended(0)

    def expire(self) -> None:
        """Let the time of every gate pass."""
        self.gates.clear()

    def _take(self, line: str) -> None:
        if line.startswith("delete table"):
            self._sets.clear()
            self.gates.clear()
        elif added := re.match(r"add set \S+ \S+ g_(\w+)", line):
            self._sets.add(added[1])
        elif opened := re.match(r"add element \S+ \S+ g_(\w+) \{ ipv4 timeout (\d+)s", line):
            self.gates[opened[1]] = int(opened[2])
        elif removed := re.match(r"delete set \S+ \S+ g_(\w+)", line):
            self._sets.discard(removed[1])
            self.gates.pop(removed[1], None)

    def _list(self) -> Ended:
        if not self._sets:
            return Ended(1, b"", NO_TABLE)
        objects: list[dict[str, Any]] = [{"table": {"family": "inet", "name": "devicewarden"}}]
        for index, gate in enumerate(sorted(self._sets)):
            told: dict[str, Any] = {"name": f"g_{gate}", "table": "devicewarden"}
            if gate in self.gates:
                told["elem"] = [{"elem": {"val": v, "expires": self.gates[gate]}} for v in "46"]
            rule = {"chain": "arriving", "handle": index, "comment": gate}
            objects += [{"set": told}, {"rule": rule}]
        return Ended(0, json.dumps({"nftables": objects}).encode())
