"""One run as root: the ledger is taken, what is over is ended, and what was asked for is done."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from devicewarden.config.mitigate_settings import MitigateSettings
from devicewarden.config.settings import Settings
from devicewarden.mitigate import process, spool
from devicewarden.mitigate.action import Host
from devicewarden.mitigate.clock import Instant, read_clock
from devicewarden.mitigate.executor import Executor
from devicewarden.mitigate.firewall import Firewall
from devicewarden.mitigate.ledger import Ledger, open_ledger
from devicewarden.mitigate.plan_form import Apply, Renew, Request, Undo
from devicewarden.mitigate.process import Ended
from devicewarden.mitigate.refusals import Refusals
from devicewarden.mitigate.ways import Resolve, Ways, find_ways, resolved
from devicewarden.model.action import ActionRecord
from devicewarden.model.errors import MitigationError

_NFT_S: Final = 10.0
_LONGEST_S: Final = 60.0
_SYSTEMD: Final = Path("/run/systemd/system")
_OF_UNIT: Final = Path(MitigateSettings().records_dir)
_TIMER: Final = "devicewarden-mitigate-next"
_TIMER_FILE: Final = Path(f"/run/systemd/transient/{_TIMER}.timer")


@contextmanager
def open_executor(
    settings: Settings,
    refusals: Refusals,
    *,
    clock: Callable[[], Instant] = read_clock,
    resolve: Resolve = resolved,
) -> Iterator[Executor]:
    """Take the ledger, and settle what other runs left; have systemd start us when something ends.

    Raises:
        MitigationError: the ledger cannot be used.
    """
    folder = Path(settings.mitigate.records_dir)
    with open_ledger(folder) as ledger:
        host = Host(
            settings=settings,
            firewall=Firewall(partial(_nft, ledger)),
            run=process.run,
            ways=_Ways(settings, ledger, resolve),
            folder=folder,
        )
        executor = Executor(host, ledger, refusals, clock)
        executor.settle()
        yield executor
        next_end_s = executor.next_end_s()
    # The unit looks in its own folder alone.
    if folder == _OF_UNIT and _SYSTEMD.exists():
        _start_again(next_end_s)


def work_off(
    executor: Executor, state_dir: Path, *, monotonic: Callable[[], float] = time.monotonic
) -> list[ActionRecord]:
    """Do what the daemon asked for; what is no request is a failure of its own.

    After a minute the rest waits for the next run, which the path unit starts: whoever keeps root
    busy must not keep a person, who waits for the ledger, from ending a quarantine.

    Raises:
        MitigationError: with all that went wrong beside the records, after everything was tried.
    """
    records: list[ActionRecord] = []
    wrong: list[str] = []
    until_s = monotonic() + _LONGEST_S
    for found in spool.take(state_dir):
        if monotonic() > until_s:
            break
        if found.request is None:
            wrong.append(f"{found.name!r} {found.refused}")
            continue
        try:
            records += _do(executor, found.request)
        except MitigationError as error:
            wrong.append(f"{found.name!r}: {error}")
    if wrong:
        raise MitigationError("; ".join(wrong))
    return records


def _do(executor: Executor, request: Request) -> list[ActionRecord]:
    match request:
        case Apply(actions):
            return executor.apply(actions)
        case Undo(action_id):
            return [executor.undo(action_id)]
        case Renew(connected):
            executor.renew(connected=connected)
            return []


class _Ways:
    """Asks for the ways once in a run, and remembers the broker's addresses for the next."""

    def __init__(self, settings: Settings, ledger: Ledger, resolve: Resolve) -> None:
        self._settings = settings
        self._ledger = ledger
        self._resolve = resolve
        self._found: Ways | None = None

    def __call__(self) -> Ways:
        if self._found is None:
            self._found = find_ways(self._settings, self._ledger.brokers, self._resolve)
            if self._found.brokers != self._ledger.brokers:
                self._ledger.brokers = self._found.brokers
                self._ledger.save()
        return self._found


def _nft(ledger: Ledger, arguments: tuple[str, ...], script: bytes) -> Ended:
    # Killed without us, nft would still hold the lock until its change is made or given up.
    return process.run(("nft", *arguments), stdin=script, timeout_s=_NFT_S, pass_fds=[ledger.lock])


def _start_again(after_s: float | None) -> None:
    """Have systemd start the unit when something ends, even where the daemon is dead by then."""
    if _TIMER_FILE.exists():
        process.run(("systemctl", "stop", f"{_TIMER}.timer"), timeout_s=_NFT_S)
    if after_s is None:
        return
    process.run(
        (
            *("systemd-run", "--quiet", "--collect", f"--unit={_TIMER}"),
            *(f"--on-active={math.ceil(after_s) + 1}s", "--timer-property=AccuracySec=1s"),
            *("systemctl", "start", "--no-block", "devicewarden-mitigate.service"),
        ),
        timeout_s=_NFT_S,
    )
