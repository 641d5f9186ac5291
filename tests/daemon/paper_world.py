"""A host and a broker on paper, for days that pass in seconds."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from tests.daemon.paper_time import PaperLoop

from devicewarden.model.errors import TemporaryPublishError
from devicewarden.model.metric import (
    LISTENING_TCP_PORTS,
    NETWORK_TRAFFIC,
    InterfaceTotals,
    Listener,
    Listeners,
    RawValue,
    Sample,
    Traffic,
)
from devicewarden.publish.publisher import ConnectionState, MessageHandler

SSH = Listener("0.0.0.0", 22, None)


class PaperHost:
    """Traffic flows at every reading; the host keeps its own books to check the agent's."""

    def __init__(self, loop: PaperLoop, seed: int) -> None:
        self._loop = loop
        self._chance = Random(seed)
        self._totals = [10**12, 10**12, 10**9, 10**9]
        self._known = False
        self.moved = [0, 0, 0, 0]

    def quiet(self) -> Sample:
        if self._known:
            step = [self._chance.randrange(2_000_000) for _ in range(4)]
            self._totals = [a + b for a, b in zip(self._totals, step, strict=True)]
            self.moved = [a + b for a, b in zip(self.moved, step, strict=True)]
        self._known = True
        totals = InterfaceTotals({2: Traffic(*self._totals)})
        return self._sample(
            {NETWORK_TRAFFIC: totals, LISTENING_TCP_PORTS: Listeners(frozenset({SSH}))}
        )

    def slow(self) -> Sample:
        return self._sample({})

    def _sample(self, values: dict[str, RawValue]) -> Sample:
        return Sample(
            taken_at=self._loop.wall(),
            uptime_s=1000 + self._loop.time(),
            boot_id="one",
            values=values,
            failed={},
        )


@dataclass(slots=True)
class PaperSampler:
    """A sampler whose host is on paper."""

    read: Callable[[], Sample]
    closed: bool = False

    def take(self) -> Sample:
        return self.read()

    def close(self) -> None:
        self.closed = True

    def pump(self) -> None: ...


@dataclass(slots=True)
class PaperBroker:
    """Answers reports as Device Defender does, and is away when the test says so.

    Attributes:
        away: paper times (from, to) at which nobody is connected.
        verdict: report number -> what the service does: accept, reject, ignore or answer late.
        received: every report that came in.
        accepted: those that the service accepted.
    """

    loop: PaperLoop
    away: list[tuple[float, float]] = field(default_factory=list)
    verdict: Callable[[int], str] = lambda _number: "accept"
    received: list[dict[str, object]] = field(default_factory=list)
    accepted: list[dict[str, object]] = field(default_factory=list)
    handlers: dict[str, MessageHandler] = field(default_factory=dict)

    @property
    def connection(self) -> ConnectionState:
        state = "connecting" if self._away_until() else "connected"
        return ConnectionState(
            state="connected" if state == "connected" else "connecting",
            since=self.loop.wall() - timedelta(seconds=1),
        )

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        self.handlers[topic] = handler

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def ready(self) -> None:
        if until := self._away_until():
            await asyncio.sleep(until - self.loop.time())
            await self.ready()

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        assert qos == 1
        if self._away_until():
            raise TemporaryPublishError("the broker is away")
        report = json.loads(payload)
        report["at"] = self.loop.time()
        self.received.append(report)
        self._answer(topic, report, self.verdict(len(self.received)))

    def _away_until(self) -> float:
        now = self.loop.time()
        return next((end for start, end in self.away if start <= now < end), 0.0)

    def _answer(self, topic: str, report: dict[str, object], verdict: str) -> None:
        header = report["header"]
        assert isinstance(header, dict)
        reply = {"thingName": "edge-1", "reportId": header["report_id"], "timestamp": 1}
        if verdict in {"accept", "late"}:
            self.accepted.append(report)
            message = json.dumps({**reply, "status": "ACCEPTED"}).encode()
            delay_s = 0.2 if verdict == "accept" else 60
            self.loop.call_later(delay_s, self.handlers[f"{topic}/accepted"], "", message)
        elif verdict == "reject":
            details = {"ErrorCode": "InvalidPayload", "ErrorMessage": "on paper"}
            message = json.dumps({**reply, "status": "REJECTED", "statusDetails": details}).encode()
            self.loop.call_later(0.2, self.handlers[f"{topic}/rejected"], "", message)
