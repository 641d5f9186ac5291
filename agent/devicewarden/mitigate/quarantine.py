"""QUARANTINE: the device talks to its broker, and to nobody else."""

from typing import Final

from devicewarden.mitigate.action import ActionMeta, Ask, Host
from devicewarden.mitigate.firewall import Rules
from devicewarden.mitigate.packets import PacketAction
from devicewarden.mitigate.ways import check_way_out

META: Final = ActionMeta(
    type="QUARANTINE",
    member="quarantineParams",
    title="Cuts the device off from everything but its broker, so that it goes on reporting and "
    "can be repaired over MQTT",
    takes="nothing",
    undo="its rules are removed",
    ends="in the kernel, after its duration, or as soon as the agent has had no connection to its "
    "broker for `mitigate.deadman_s`",
    needs="nftables; the addresses of the broker",
    example='{"quarantineParams": {"durationSeconds": 86400}}',
)

_ERRORS: Final = "destination-unreachable, time-exceeded, parameter-problem"
_ERRORS6: Final = f"{_ERRORS}, packet-too-big"
# Neighbors, routers, and who listens to which multicast: without them there is no IPv6, RFC 4890.
_NEEDED6: Final = (
    "nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert,"
    " mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report"
)
_BOTH: Final = (
    f"icmp type {{ {_ERRORS} }} return",
    f"icmpv6 type {{ {_ERRORS6}, {_NEEDED6} }} return",
)
RULES: Final = Rules(
    arriving=(
        *_BOTH,
        "udp sport 67 udp dport 68 return",
        "udp sport 547 udp dport 546 return",
        # An answer to what we asked: anybody may send from port 123.
        "udp sport 123 ct direction reply return",
        "drop",
    ),
    leaving=(
        *_BOTH,
        "udp sport 68 udp dport 67 return",
        "udp sport 546 udp dport 547 return",
        "udp dport 123 return",
        "drop",
    ),
)
"""Return: packets that may pass here are still asked by other actions."""


class Quarantine(PacketAction):
    """Connections that exist are cut as well: whoever is in the device must not stay."""

    def __init__(self, ask: Ask, host: Host) -> None:
        super().__init__(ask, host, RULES, "cut the device off from all but its broker")

    def check(self) -> None:
        check_way_out(self._host.settings, self._host.ways())
