"""STOP_UNIT: a unit of systemd is stopped, and started again when that ends."""

import fnmatch
from collections.abc import Mapping
from typing import Final

from devicewarden.mitigate.action import ActionMeta, Ask, Host, Memory
from devicewarden.model.action_params import StopUnit as Params
from devicewarden.model.errors import MitigationError

META: Final = ActionMeta(
    type="STOP_UNIT",
    member="stopUnitParams",
    title="Stops a unit of systemd; never the agent's own, SSH, D-Bus, the network's or systemd's",
    takes="`unit`, such as `telnet.socket`; stop the socket of a service that one starts",
    undo="the unit is started, if it ran before",
    ends="after its duration a timer of systemd has it started",
    needs="systemd",
    example='{"stopUnitParams": {"unit": "telnet.socket"}}',
)

PROTECTED: Final = (
    *("devicewarden*", "systemd-*", "dbus*", "ssh.*", "sshd*", "ssh@*", "init.*", "-.mount"),
    *("network*", "NetworkManager*", "wpa_supplicant*", "dhcpcd*", "connman*", "ModemManager*"),
    *("dropbear*", "nftables*", "greengrass*"),
)
"""Whoever stops these cannot reach the device to start them again, or ends the agent."""

_STOPS_S: Final = 20.0
_ANSWERS_S: Final = 5.0
_STOPPED: Final = frozenset({"inactive", "failed", "deactivating"})


class StopUnit:
    """Whether it is stopped is asked of systemd."""

    lasts = True

    def __init__(self, ask: Ask, host: Host) -> None:
        assert isinstance(ask.params, Params)  # noqa: S101  the registry pairs them
        self._unit = ask.params.unit
        self._timeout_s = ask.timeout_s
        self._host = host

    def describe(self) -> str:
        return f"stop {self._unit}, for {self._timeout_s} s"

    def check(self) -> None:
        facts = self._facts()
        names = {self._unit, *facts["Names"].split()}
        if any(fnmatch.fnmatch(name, each) for name in names for each in PROTECTED):
            raise MitigationError(f"{self._unit} is protected: the device needs it to be repaired")
        if facts["LoadState"] != "loaded":
            raise MitigationError(f"there is no unit {self._unit}", hint="see systemctl list-units")

    def in_effect(self) -> bool | None:
        return self._facts()["ActiveState"] in _STOPPED

    def remember(self) -> Memory:
        return {"was_active": "no" if self.in_effect() else "yes"}

    def apply(self) -> None:
        self.check()
        self._systemctl("stop")
        if not self.in_effect():
            raise MitigationError(f"{self._unit} was stopped, and runs")

    def undo(self, memory: Memory) -> None:
        if memory.get("was_active") == "yes" and self.in_effect():
            self._systemctl("start")

    def _systemctl(self, verb: str) -> None:
        ended = self._host.run(
            ("systemctl", verb, "--", self._unit), timeout_s=_STOPS_S, limit_bytes=65_536
        )
        if ended.status != 0:
            raise MitigationError(f"systemctl {verb} {self._unit}: {ended.error.partition('.')[0]}")

    def _facts(self) -> Mapping[str, str]:
        wanted = ("ActiveState", "LoadState", "Names")
        ended = self._host.run(
            ("systemctl", "show", f"--property={','.join(wanted)}", "--", self._unit),
            timeout_s=_ANSWERS_S,
            limit_bytes=65_536,
        )
        lines = ended.out.decode(errors="replace").splitlines()
        facts = dict(line.split("=", 1) for line in lines if "=" in line)
        if ended.status != 0 or not facts.keys() >= set(wanted):
            raise MitigationError(f"systemd tells nothing of {self._unit}: {ended.error}")
        return facts
