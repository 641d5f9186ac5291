"""BLOCK_PORT: nobody reaches a port of this device, also one that containers publish."""

from typing import Final

from devicewarden.mitigate.action import ActionMeta, Ask, Host
from devicewarden.mitigate.firewall import Rules
from devicewarden.mitigate.packets import PacketAction
from devicewarden.model.action_params import BlockPort as Params
from devicewarden.model.errors import MitigationError

META: Final = ActionMeta(
    type="BLOCK_PORT",
    member="blockPortParams",
    title="Drops what arrives at ports of this device; loopback still reaches them",
    takes="`ports`, each with `protocol` (TCP or UDP) and `port`; without, the ports that offend "
    "the behavior",
    undo="its rules are removed",
    ends="in the kernel, after its duration",
    needs="nftables",
    example='{"blockPortParams": {"ports": [{"protocol": "TCP", "port": 23}]}}',
)


class BlockPort(PacketAction):
    """Drops before addresses are rewritten, whoever would answer."""

    def __init__(self, ask: Ask, host: Host) -> None:
        assert isinstance(ask.params, Params)  # noqa: S101  the registry pairs them
        ports = sorted({(p.protocol, p.number) for p in ask.params.ports or ask.facts.ports})
        if not ports:
            raise MitigationError(
                "there is no port to block", hint="name ports, or block for a behavior of ports"
            )
        named = ", ".join(f"{protocol.lower()} . {number}" for protocol, number in ports)
        local = "fib daddr type { local, broadcast, multicast }"
        rules = Rules(arriving=(f"{local} meta l4proto . th dport {{ {named} }} drop",))
        told = ", ".join(f"{protocol} {number}" for protocol, number in ports)
        super().__init__(ask, host, rules, f"drop what arrives at {told}")
