"""What a job changed of the settings, kept where the next start finds it."""

import contextlib
import json
from pathlib import Path

from devicewarden.config.orders import FILE, INTERVAL, read_orders
from devicewarden.state.whole_file import settle, write_whole


class Orders:
    """The orders in one state folder.

    Args:
        folder: of the state.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def set_interval(self, value: int, *, configured: int) -> None:
        """Order another report interval in the place of the configured one, both in seconds.

        Raises:
            OSError: it cannot be written.
        """
        order = {INTERVAL: {"value": value, "instead_of": configured}}
        write_whole(self._file, json.dumps(order).encode())

    def configured_interval(self, in_force: int) -> int:
        """Tell what is configured, where an order may be in force."""
        match read_orders(self._file):
            case {"report.interval_s": {"value": int(value), "instead_of": int(configured)}}:
                return configured if value == in_force else in_force
            case _:
                return in_force

    def withdraw(self) -> None:
        """Take every order back; none is no error."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
            settle(self._file.parent)
