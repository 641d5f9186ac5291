"""LIMIT_EGRESS_RATE: the device sends no faster than so many bytes a second."""

from typing import Final

from devicewarden.mitigate.action import ActionMeta, Ask, Host
from devicewarden.mitigate.firewall import Rules
from devicewarden.mitigate.packets import PacketAction
from devicewarden.model.action_params import LimitEgressRate as Params

META: Final = ActionMeta(
    type="LIMIT_EGRESS_RATE",
    member="limitEgressRateParams",
    title="Drops what leaves the device faster than a rate; what goes to the broker does not count",
    takes="`bytesPerSecond`, 1,000 to 1,000,000,000; a second's worth, at least 64 KiB, may go at "
    "once",
    undo="its rules are removed",
    ends="in the kernel, after its duration",
    needs="nftables",
    example='{"limitEgressRateParams": {"bytesPerSecond": 50000}}',
)

_LEAST_BURST: Final = 65_536
"""The kernel hands on up to 64 KiB in one piece, which a smaller burst would never let through."""


class LimitEgressRate(PacketAction):
    """All that leaves shares one rate."""

    def __init__(self, ask: Ask, host: Host) -> None:
        assert isinstance(ask.params, Params)  # noqa: S101  the registry pairs them
        rate = ask.params.bytes_per_second
        limit = f"limit rate over {rate} bytes/second burst {max(rate, _LEAST_BURST)} bytes drop"
        told = f"drop what leaves faster than {rate:,} bytes a second"
        super().__init__(ask, host, Rules(leaving=(limit,)), told)
