"""The kernel's packet filter: one table of our own, in which each action has a gate.

A gate is a set whose elements time out in the kernel: it closes itself, and the rules of an action
are asked only while it is open. So what an action blocks ends by itself even where nothing of ours
is alive. Every change is one transaction of nft: all of it, or nothing. No other table is touched;
with the last action the table goes too.
"""

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from devicewarden.mitigate.process import Ended
from devicewarden.mitigate.ways import Ways
from devicewarden.model.errors import MitigationError

TABLE: Final = "inet devicewarden"

# Before addresses are rewritten: a port that containers publish is seen as it was asked for.
_SKELETON: Final = f"""\
add table {TABLE}
add set {TABLE} broker4 {{ type ipv4_addr . inet_service; }}
add set {TABLE} broker6 {{ type ipv6_addr . inet_service; }}
add set {TABLE} resolver4 {{ type ipv4_addr; flags interval; auto-merge; }}
add set {TABLE} resolver6 {{ type ipv6_addr; flags interval; auto-merge; }}
add set {TABLE} allowed4 {{ type ipv4_addr; flags interval; auto-merge; }}
add set {TABLE} allowed6 {{ type ipv6_addr; flags interval; auto-merge; }}
add chain {TABLE} arriving {{ type filter hook prerouting priority -150; policy accept; }}
add chain {TABLE} leaving {{ type filter hook postrouting priority 0; policy accept; }}
"""
_ANSWER: Final = "ct direction reply"
"""To what left from here: anybody may send from port 53."""

_ALWAYS: Final = {
    "arriving": (
        'iifname "lo" accept',
        "ip saddr . tcp sport @broker4 accept",
        "ip6 saddr . tcp sport @broker6 accept",
        f"ip saddr @resolver4 meta l4proto {{ tcp, udp }} th sport 53 {_ANSWER} accept",
        f"ip6 saddr @resolver6 meta l4proto {{ tcp, udp }} th sport 53 {_ANSWER} accept",
        "ip saddr @allowed4 accept",
        "ip6 saddr @allowed6 accept",
    ),
    "leaving": (
        'oifname "lo" accept',
        "ip daddr . tcp dport @broker4 accept",
        "ip6 daddr . tcp dport @broker6 accept",
        "ip daddr @resolver4 meta l4proto { tcp, udp } th dport 53 accept",
        "ip6 daddr @resolver6 meta l4proto { tcp, udp } th dport 53 accept",
        "ip daddr @allowed4 accept",
        "ip6 daddr @allowed6 accept",
    ),
}

_NO_SUCH_TABLE: Final = os.strerror(errno.ENOENT)

Nft: TypeAlias = Callable[[tuple[str, ...], bytes], Ended]
"""Runs nft with arguments and standard input."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an action asks of packets: nft's statements, of which each may drop or return."""

    arriving: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()


class Firewall:
    """Our table; what stands there is asked of the kernel each time.

    Args:
        nft: runs nft.

    Raises:
        MitigationError: from every method: nft is missing or refuses; nothing was changed.
    """

    def __init__(self, nft: Nft) -> None:
        self._nft = nft

    def gates(self) -> Mapping[str, int]:
        """Tell which gates are open, and for how many seconds more, rounded down."""
        return self._look().open

    def add(self, gate: str, rules: Rules, timeout_s: int, ways: Ways) -> None:
        """Open a gate with its rules; one of the same name is replaced."""
        found = self._look()
        lines = list(found.removal(gate)) if gate in found.names else []
        if not found.exists:
            lines += [_SKELETON.rstrip(), *_always()]
        lines += [*_ways(ways), *_gate(gate, rules, timeout_s)]
        self._change(lines)

    def renew(self, timeouts_s: Mapping[str, int], ways: Ways) -> None:
        """Let open gates stay open so long from now, and take in where the ways lead now."""
        found = self._look()
        lines = [f"flush set {TABLE} g_{gate}" for gate in timeouts_s if gate in found.open]
        lines += [_open(gate, left) for gate, left in timeouts_s.items() if gate in found.open]
        if found.exists:
            self._change([*_ways(ways), *lines])

    def remove(self, gates: Iterable[str]) -> None:
        """Remove gates with their rules, and closed ones, and the table with the last of them."""
        found = self._look()
        going = (set(gates) & found.names) | (found.names - found.open.keys())
        if going == found.names and found.exists:
            self._change([f"delete table {TABLE}"])
        elif going:
            self._change([line for gate in sorted(going) for line in found.removal(gate)])

    def _look(self) -> "_Found":
        ended = self._nft(("-j", "list", "table", *TABLE.split()), b"")
        if ended.status != 0 and _NO_SUCH_TABLE in ended.error:
            return _Found([])
        if ended.status != 0:
            raise MitigationError(f"nft cannot list its tables: {_first_line(ended)}")
        try:
            return _Found(json.loads(ended.out)["nftables"])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise MitigationError(f"nft lists what we do not understand: {error!r}") from error

    def _change(self, lines: Iterable[str]) -> None:
        ended = self._nft(("-f", "-"), "\n".join(lines).encode() + b"\n")
        if ended.status != 0:
            raise MitigationError(f"nft refused: {_first_line(ended)}")


class _Found:
    """Our table as nft lists it."""

    def __init__(self, objects: list[dict[str, Any]]) -> None:
        self.exists = any("table" in each for each in objects)
        self._rules = [each["rule"] for each in objects if "rule" in each]
        sets = [each["set"] for each in objects if "set" in each]
        gates = {each["name"][2:]: each for each in sets if each["name"].startswith("g_")}
        chains = {each["chain"]["name"] for each in objects if "chain" in each}
        self._chains = chains
        self.names = frozenset(gates)
        asked = {rule.get("comment") for rule in self._rules}
        left = {name: _left(each) for name, each in gates.items() if name in asked}
        self.open = {name: seconds for name, seconds in left.items() if seconds is not None}

    def removal(self, gate: str) -> Iterator[str]:
        """Give the lines that remove a gate."""
        for rule in self._rules:
            if rule.get("comment") == gate:
                yield f"delete rule {TABLE} {rule['chain']} handle {rule['handle']}"
        for chain in (f"in_{gate}", f"out_{gate}"):
            if chain in self._chains:
                yield f"flush chain {TABLE} {chain}"
                yield f"delete chain {TABLE} {chain}"
        yield f"delete set {TABLE} g_{gate}"


def _first_line(ended: Ended) -> str:
    return ended.error.partition("\n")[0]


def _left(gate: dict[str, Any]) -> int | None:
    """Tell how long a gate stays open, where it is open for both families; else None."""
    seconds = [each["elem"].get("expires", 0) for each in gate.get("elem", ())]
    return min(seconds) if len(seconds) == len(("ipv4", "ipv6")) else None


def _always() -> Iterator[str]:
    for chain, rules in _ALWAYS.items():
        for rule in rules:
            yield f"add rule {TABLE} {chain} {rule}"


def _ways(ways: Ways) -> Iterator[str]:
    for name, elements in ways.sets().items():
        yield f"flush set {TABLE} {name}"
        if elements:
            yield f"add element {TABLE} {name} {{ {', '.join(elements)} }}"


def _gate(gate: str, rules: Rules, timeout_s: int) -> Iterator[str]:
    yield f"add set {TABLE} g_{gate} {{ typeof meta nfproto; flags timeout; }}"
    yield _open(gate, timeout_s)
    for chain, own, told in (
        ("arriving", f"in_{gate}", rules.arriving),
        ("leaving", f"out_{gate}", rules.leaving),
    ):
        if told:
            yield f"add chain {TABLE} {own}"
            yield from (f"add rule {TABLE} {own} {rule}" for rule in told)
            yield f'add rule {TABLE} {chain} meta nfproto @g_{gate} jump {own} comment "{gate}"'


def _open(gate: str, timeout_s: int) -> str:
    both = ", ".join(f"{family} timeout {timeout_s}s" for family in ("ipv4", "ipv6"))
    return f"add element {TABLE} g_{gate} {{ {both} }}"
