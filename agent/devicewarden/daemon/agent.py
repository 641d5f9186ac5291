"""The agent: jobs that run for years, and the signals that reload and end them."""

import asyncio
import contextlib
import math
import signal
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from devicewarden.config.settings import Settings
from devicewarden.daemon.auditing import start_auditing
from devicewarden.daemon.changes import needs_restart, what_is_read, who_is_told
from devicewarden.daemon.control import open_control
from devicewarden.daemon.deadlines import SLOW_S, longest_sample_s
from devicewarden.daemon.detection import Detection
from devicewarden.daemon.doors import Doors
from devicewarden.daemon.first_failure import FirstFailure
from devicewarden.daemon.jobs import Jobs
from devicewarden.daemon.log import configure
from devicewarden.daemon.on_call import OnCall, Opened
from devicewarden.daemon.refusal import Refusal, forget, postpone
from devicewarden.daemon.reporting import Reporting
from devicewarden.daemon.status import Facts, describe_agent
from devicewarden.daemon.telling import Telling
from devicewarden.daemon.watch import Watch
from devicewarden.daemon.way import Way
from devicewarden.model.errors import ConfigError, ProvisioningError
from devicewarden.model.metric import Metrics, Sample
from devicewarden.model.version import VERSION

log = structlog.get_logger()
PUMP_EVERY_S: Final = 0.2
"""The kernel keeps 166 closed sockets for a reader without privilege: 800 a second."""


class Agent:
    """Everything that runs between start and SIGTERM."""

    def __init__(self, settings: Settings, doors: Doors) -> None:
        self._settings = settings
        self._doors = doors
        self._stop = asyncio.Event()
        self._reload_wanted = asyncio.Event()
        self._state = doors.open_state(settings)
        self._detection = Detection(
            settings, state=self._state, owners=doors.open_owners(settings), now=doors.now
        )
        self._watch = Watch(doors.quiet_sampler(settings, watchful=self._detection.watches_lists))
        self._reporting = Reporting(
            settings=settings,
            watch=self._watch,
            sampler=doors.slow_sampler(settings),
            store=self._state.reports,
            now=doors.now,
        )
        self._watch.on_sample = self._sampled
        self._reporting.on_slow_sample = self._detection.look_slow
        self._started_with = settings
        self._jobs = Jobs(doors.supervisor)
        self._telling = Telling(self._jobs, self._state.outbox, self._detection)
        self._way = Way(
            doors.open_link,
            self._jobs,
            stop=self._stop,
            reporting=self._reporting,
            telling=self._telling,
        )
        self._way.meter.on_takeover = self._state.takeovers.record
        self._trouble: dict[str, str] = {}
        self._on_call = OnCall(lambda: self._settings, self._open_on_call, self._jobs)
        self._anew = False
        self._started_at, self._started_s = doors.now(), time.monotonic()
        self._collector_failures = FirstFailure(log)

    async def run(self) -> bool:
        """Run until SIGTERM or SIGINT, then leave cleanly within two seconds.

        Returns:
            Whether the agent was told to begin anew as a process.

        Raises:
            ConfigError: the broker's settings cannot work, e.g. a certificate that is none.
            AlreadyRunningError: another agent holds the control socket.
        """
        self._handle_signals()
        async with contextlib.AsyncExitStack() as leaving:
            leaving.callback(self._close)
            socket = self._settings.control.socket
            control = await open_control(socket, self._answer, self._trouble)
            leaving.push_async_callback(control.stop)
            await self._way.connect(self._settings)
            leaving.push_async_callback(self._way.disconnect)
            leaving.push_async_callback(self._jobs.end_all)
            self._jobs.start(
                "sampling", self._sample, deadline_s=lambda: longest_sample_s(self._settings)
            )
            self._jobs.start("pumping", self._pump, deadline_s=lambda: SLOW_S)
            self._jobs.start("reloading", self._reload_when_asked, deadline_s=lambda: math.inf)
            start_auditing(self._jobs, self._doors.children.audit, lambda: self._settings)
            self._on_call.start()
            self._jobs.start_watchdog()
            if self._doors.refusal is not None:
                self._doors.refusal.tell(self._trouble, self._doors.supervisor)
            self._doors.supervisor.ready()
            self._doors.proved()
            log.info("agent_started", thing=self._settings.thing.name, version=VERSION)
            await self._stop.wait()
            self._doors.supervisor.stopping()
        log.info("agent_stopped", anew=self._anew)
        return self._anew

    def status(self) -> dict[str, object]:
        """Tell how things stand, as `devicewarden status --json` prints it."""
        due_at_s = self._reporting.due_at_s
        return describe_agent(
            Facts(
                settings=self._settings,
                started_at=self._started_at,
                up_s=time.monotonic() - self._started_s,
                now=self._doors.now(),
                watch=self._watch,
                reporting=self._reporting,
                link=self._way.link,
                state=self._state,
                detection=self._detection,
                trouble=self._trouble,
                errands=self._on_call.status(),
                next_report_s=None if due_at_s is None else due_at_s - _loop_time(),
            )
        )

    def _answer(self, command: str) -> Mapping[str, object]:
        if command == "rotate":
            try:
                self._on_call.rotate()
            except ProvisioningError as error:
                return {"error": str(error)}
        return self.status()

    async def reload(self) -> None:
        """Take a changed configuration; a bad one is refused, and the old one stays in force."""
        self._doors.supervisor.reloading()
        try:
            new = await self._doors.load()
            async with self._way.turn:
                await self._apply(new)
            self._doors.proved()
            forget(self._trouble, self._doors.supervisor)
            log.info("configuration_reloaded")
        except ConfigError as error:
            Refusal(error, "the old one").tell(self._trouble, self._doors.supervisor)
        finally:
            if not self._stop.is_set():
                self._doors.supervisor.ready()

    async def _put_in_force(self, change: Callable[[Settings], Settings]) -> None:
        async with self._way.turn:
            await self._apply(change(self._settings))

    def _begin_anew(self) -> None:
        self._anew = True
        self._stop.set()

    async def _apply(self, new: Settings) -> None:
        old = self._settings
        # What may be refused comes first.
        owners = self._doors.open_owners(new)
        if not self._way.is_of(new):
            await self._way.connect(new)
        elif who_is_told(new) != who_is_told(old):
            await self._telling.restart(new, self._way.link)
        before = what_is_read(old), self._detection.watches_lists
        self._detection.reload(new, owners)
        if (what_is_read(new), watchful := self._detection.watches_lists) != before:
            self._watch.replace_sampler(self._doors.quiet_sampler(new, watchful=watchful))
            self._reporting.replace_sampler(self._doors.slow_sampler(new))
        if new.log != old.log:
            configure(new.log)
        postpone(needs_restart(new, self._started_with), self._trouble)
        self._reporting.settings = new
        self._settings = new
        self._on_call.reconfigured(new)
        if new.report.interval_s != old.report.interval_s:
            # The round that waits was told the old interval.
            await self._jobs.end("reporting")
            self._way.start_reporting()

    def _open_on_call(self) -> Opened:
        from devicewarden.daemon.errands import Errands  # noqa: PLC0415  a megabyte, see OnCall
        from devicewarden.daemon.open_mitigation import open_mitigation  # noqa: PLC0415  see OnCall
        from devicewarden.daemon.operations import Hands  # noqa: PLC0415  see OnCall

        load, children, now = self._doors.load, self._doors.children, self._doors.now
        mitigation, acting = open_mitigation(
            self._state,
            self._detection,
            self._way,
            self._trouble,
            settings=lambda: self._settings,
            now=now,
        )
        hands = Hands(
            load=load, put_in_force=self._put_in_force, leave=self._begin_anew, acting=acting
        )
        errands = Errands(
            self._settings, way=self._way, state=self._state, children=children, hands=hands
        )
        return errands, mitigation

    async def _sample(self) -> None:
        failing = self._watch.tick().failed
        self._collector_failures.now_failing("not_collected", "collected_again", failing)
        period_s = self._settings.collect.interval_s
        await asyncio.sleep(period_s - _loop_time() % period_s)

    async def _pump(self) -> None:
        if self._detection.watches_lists:
            self._watch.pump()
            await asyncio.sleep(PUMP_EVERY_S)
        else:
            await asyncio.sleep(SLOW_S / 2)

    def _sampled(self, sample: Sample, moved: Metrics | None) -> None:
        own = None if self._way.link is None else self._way.meter.read()
        self._detection.look(sample, moved, own)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload_wanted.set)

    async def _reload_when_asked(self) -> None:
        # One at a time: two at once would open two connections, and end one of them.
        await self._reload_wanted.wait()
        self._reload_wanted.clear()
        await self.reload()

    def _close(self) -> None:
        self._watch.close()
        self._reporting.sampler.close()
        self._detection.close()
        self._state.close()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
