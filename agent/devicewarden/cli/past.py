"""The history of datapoints, for commands that look back while the daemon may be running."""

from collections.abc import Container
from datetime import datetime

from devicewarden.config.settings import StateSettings
from devicewarden.model.violation import Datapoint
from devicewarden.state.datapoints import read_since
from devicewarden.state.look import look


def read_history(
    settings: StateSettings, since: datetime, metrics: Container[str] | None = None
) -> list[Datapoint]:
    """Read datapoints in order of time.

    Args:
        settings: where they are.
        since: aware time.
        metrics: those that are wanted; None: all.

    Raises:
        StateError: there is no state file, or it cannot be read.
    """
    return look(
        settings,
        lambda db: [
            point
            for point in read_since(since, lambda work: work(db))
            if metrics is None or point.metric in metrics
        ],
    )
