"""Actions that the packet filter carries out: each is a gate, and what is asked behind it."""

from devicewarden.mitigate.action import Ask, Host, Memory
from devicewarden.mitigate.firewall import Rules
from devicewarden.model.errors import MitigationError


class PacketAction:
    """The four laws for whatever its rules ask; the kernel ends it by itself.

    Args:
        ask: names the gate, and how long it stays open.
        host: has the firewall.
        rules: what is asked of packets.
        told: what it does, in words.
    """

    lasts = True

    def __init__(self, ask: Ask, host: Host, rules: Rules, told: str) -> None:
        self._gate = ask.action_id
        self._timeout_s = ask.timeout_s
        self._opens_s = ask.opens_s
        self._host = host
        self._rules = rules
        self._told = told

    def describe(self) -> str:
        return f"{self._told}, for {self._timeout_s} s"

    def check(self) -> None:
        """Refuse nothing: what the rules say was judged when they were made."""

    def in_effect(self) -> bool | None:
        return self._gate in self._host.firewall.gates()

    def remember(self) -> Memory:
        return {}

    def apply(self) -> None:
        self.check()
        if self.in_effect():
            return
        self._host.firewall.add(self._gate, self._rules, self._opens_s, self._host.ways())
        if not self.in_effect():
            self._host.firewall.remove([self._gate])
            raise MitigationError("nft took the rules, but the kernel does not have them")

    def undo(self, memory: Memory) -> None:
        del memory
        self._host.firewall.remove([self._gate])
