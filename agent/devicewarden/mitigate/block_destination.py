"""BLOCK_DESTINATION: nothing of this device, or through it, reaches some networks."""

from ipaddress import ip_network
from typing import Final

from devicewarden.mitigate.action import ActionMeta, Ask, Host
from devicewarden.mitigate.firewall import Rules
from devicewarden.mitigate.packets import PacketAction
from devicewarden.mitigate.ways import collapsed
from devicewarden.model.action_params import BlockDestination as Params
from devicewarden.model.errors import MitigationError

META: Final = ActionMeta(
    type="BLOCK_DESTINATION",
    member="blockDestinationParams",
    title="Drops what leaves the device for addresses and networks, its own packets and those that "
    "it forwards",
    takes="`cidrs`; without, the addresses that offend the behavior",
    undo="its rules are removed",
    ends="in the kernel, after its duration",
    needs="nftables",
    example='{"blockDestinationParams": {"cidrs": ["203.0.113.0/24", "2001:db8::/32"]}}',
)


class BlockDestination(PacketAction):
    """The broker stays reachable, and what the settings allow."""

    def __init__(self, ask: Ask, host: Host) -> None:
        assert isinstance(ask.params, Params)  # noqa: S101  the registry pairs them
        self._wanted = ask.params.cidrs or ask.facts.addresses
        if not self._wanted:
            raise MitigationError(
                "there is no destination to block",
                hint="name cidrs, or block for a behavior of destinations",
            )
        versions = {"ip": collapsed(self._wanted, 4), "ip6": collapsed(self._wanted, 6)}
        leaving = [
            f"{family} daddr {{ {', '.join(found)} }} drop"
            for family, found in versions.items()
            if found
        ]
        told = f"drop what leaves for {', '.join(self._wanted)}"
        super().__init__(ask, host, Rules(leaving=tuple(leaving)), told)

    def check(self) -> None:
        ways = self._host.ways()
        for text in self._wanted:
            if ways.cover(ip_network(text)):
                raise MitigationError(
                    f"{text} is the broker's, or in mitigate.allow_addresses: it stays reachable"
                )
