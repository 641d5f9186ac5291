"""Sinks that a child process serves: one for each delivery, so that the daemon stays small."""

import asyncio
import contextlib
import json
from dataclasses import asdict, dataclass
from typing import Final, TypeAlias

from devicewarden.config.notify_settings import CommandSettings, SnsSettings, WebhookSettings
from devicewarden.config.own_python import own_python
from devicewarden.model.errors import TemporaryDeliveryError
from devicewarden.notify.errand import Errand, pack, understand
from devicewarden.notify.sink import Event

SinkSettings: TypeAlias = WebhookSettings | CommandSettings | SnsSettings

LEAVES_WITHIN_S: Final = 1.0
"""So long a child has to end what it started, before it is killed."""

_GRAVITY: Final = {"LOW": 0, "MEDIUM": 1, "HIGH": 2, "CRITICAL": 3}


@dataclass(frozen=True, slots=True)
class ChildSink:
    """Has each event delivered by a new process, which ends.

    Attributes:
        name: of its queue.
        module: what the child runs.
        settings: what the child is told, and which events it is told of.
    """

    name: str
    module: str
    settings: SinkSettings

    async def deliver(self, event: Event) -> None:
        if not wanted(event, self.settings):
            return
        errand = Errand(
            sink=asdict(self.settings),
            event_id=event.event_id,
            kind=event.kind,
            payload=event.payload,
        )
        await _sent(self.module, pack(errand), self.settings.timeout_s)


def wanted(event: Event, settings: SinkSettings) -> bool:
    """Tell whether a sink is told of an event; a finding whose severity is unknown is told."""
    if event.kind not in settings.events:
        return False
    if event.kind != "finding":
        return True
    try:
        severity = json.loads(event.payload)["severity"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return True
    return _GRAVITY.get(str(severity), len(_GRAVITY)) >= _GRAVITY[settings.severity]


async def _sent(module: str, errand: bytes, timeout_s: float) -> None:
    argv, environment = own_python(module)
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise TemporaryDeliveryError(f"no process can be started: {error.strerror}") from error
    try:
        async with asyncio.timeout(timeout_s):
            answer, complaint = await child.communicate(errand)
    except TimeoutError:
        raise TemporaryDeliveryError(f"not done within {timeout_s:g} s") from None
    finally:
        if child.returncode is None:
            await _ended(child)
    understand(answer, complaint)


async def _ended(child: asyncio.subprocess.Process) -> None:
    """Let a child end what it started, and then be ended itself."""
    try:
        child.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVES_WITHIN_S):
                await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
