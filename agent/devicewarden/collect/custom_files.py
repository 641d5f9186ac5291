"""Custom metrics that others drop into a folder: one JSON file a metric, `<metric name>.json`."""

import heapq
import os
from collections.abc import Collection, Mapping
from typing import Final

from devicewarden.collect.bounded_file import read_bounded, reason
from devicewarden.collect.custom_value import (
    MAX_JSON_BYTES,
    BadValueError,
    check_name,
    decode_json,
    parse_document,
)
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import CustomValue

MAX_FILES: Final = 100
SUFFIX: Final = ".json"


class CustomFiles:
    """Reads a folder of values; how old a file is does not matter.

    Attributes:
        problems: file name -> why the last `collect` left it out; unprintable characters escaped.
    """

    name = "custom-files"

    def __init__(self, directory: str, reserved: Collection[str] = ()) -> None:
        """Read `directory`; a file named after a metric in `reserved` is refused."""
        self.problems: dict[str, str] = {}
        self._directory = directory
        self._reserved = frozenset(reserved)

    def collect(self) -> Mapping[str, CustomValue]:
        values: dict[str, CustomValue] = {}
        self.problems = problems = {}
        try:
            folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        except (OSError, ValueError) as error:
            raise CollectError(
                f"cannot read the folder of custom metrics: {reason(error)}",
                hint="create custom_metrics.directory, readable by the agent, or leave it empty",
            ) from error
        try:
            names = _file_names(folder)
            if len(names) > MAX_FILES:
                problems[ascii(names.pop())[1:-1]] = f"more than {MAX_FILES} files: it and the rest"
            for name in names:
                try:
                    values[name.removesuffix(SUFFIX)] = self._read(name, folder)
                except (BadValueError, CollectError) as error:
                    problems[ascii(name)[1:-1]] = str(error)
        finally:
            os.close(folder)
        return values

    def _read(self, file_name: str, folder: int) -> CustomValue:
        metric = file_name.removesuffix(SUFFIX)
        check_name(metric)
        if metric in self._reserved:
            raise BadValueError("the metric has another source already")
        data = read_bounded(file_name, MAX_JSON_BYTES, folder=folder, follow=False)
        return parse_document(decode_json(data))


def _file_names(folder: int) -> list[str]:
    """List the first MAX_FILES + 1 names; what begins with a dot is still being written."""
    with os.scandir(folder) as entries:
        return heapq.nsmallest(
            MAX_FILES + 1,
            (e.name for e in entries if e.name.endswith(SUFFIX) and not e.name.startswith(".")),
        )
