"""A process that hands out report ids and prints them: FOLDER DURABILITY HOW-MANY [MAX-FILE-BYTES].

With a limit the process cannot write larger files, as on a full disk, until it reads a line.
"""

import resource
import sys
from datetime import UTC, datetime

from devicewarden.config.settings import StateSettings
from devicewarden.model.outcome import Missed
from devicewarden.state.state import open_state
from devicewarden.state.store import Store


def now() -> datetime:
    return datetime.now(UTC)


def hand_out(store: Store, how_many: int) -> None:
    for _ in range(how_many):
        report_id = store.next_report_id()
        store.record(report_id, now(), Missed("x" * 400), 0)
        print(report_id, flush=True)  # noqa: T201  this is how the test hears of it


def main(folder: str, durability: str, how_many: str, max_bytes: str = "") -> None:
    settings = StateSettings(dir=folder, durability=durability)  # type: ignore[arg-type]  # the test knows
    store = open_state(settings, now).reports
    if max_bytes:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(max_bytes), hard))
        hand_out(store, int(how_many))
        print(store.problem, flush=True)  # noqa: T201
        sys.stdin.readline()
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    hand_out(store, int(how_many))
    print(store.problem, flush=True)  # noqa: T201
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
