"""What every collector can do."""

from collections.abc import Mapping
from typing import Protocol

from devicewarden.model.metric import RawValue


class Collector(Protocol):
    """Reads one subject of the host: cheap, read-only, without root."""

    @property
    def name(self) -> str:
        """The key under which a failure is noted, `kebab-case`."""
        ...

    def collect(self) -> Mapping[str, RawValue]:
        """Read the subject now.

        Returns:
            Metric name -> raw value; what could not be read is absent.

        Raises:
            CollectError: nothing could be read; the message names the subject and the cause.
        """
        ...
