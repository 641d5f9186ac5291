"""Raw values in layers, each knowing where a key was set; later layers win key by key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from devicewarden.config.fault import KeyPath


@dataclass(frozen=True, slots=True)
class Layer:
    """What one file or the environment says.

    Attributes:
        values: section -> table, as parsed and not yet judged.
        places: path -> `FILE:LINE` or `environment NAME`.
    """

    values: Mapping[str, Any]
    places: Mapping[KeyPath, str]

    def place(self, path: KeyPath) -> str | None:
        """Tell where a key was set; of a key without a place, where the nearest table was."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)


@dataclass(frozen=True, slots=True)
class Merged:
    """All layers as one.

    Attributes:
        values: section -> key -> value; what should be a section and is no table stays as it is.
        given_by: (section, key) -> the layer that won.
    """

    values: Mapping[str, Any]
    given_by: Mapping[KeyPath, Layer]

    def origin(self, path: KeyPath) -> str | None:
        """Tell where a key in force was set, None where no layer sets it."""
        layer = self.given_by.get(path[:2])
        return layer.place(path) if layer else None

    def nearest(self, path: KeyPath) -> str | None:
        """Tell where a key was set or, where none sets it, where its section stands."""
        layer = self.given_by.get(path[:1])
        return self.origin(path) or (layer.place(path[:1]) if layer else None)


def merge(layers: Iterable[Layer]) -> Merged:
    """Lay later layers over earlier ones: sections merge, values and arrays replace."""
    values: dict[str, Any] = {}
    given_by: dict[KeyPath, Layer] = {}
    for layer in layers:
        for section, table in layer.values.items():
            given_by[section,] = layer
            if isinstance(table, dict):
                below = values.get(section)
                values[section] = (below if isinstance(below, dict) else {}) | table
                given_by.update({(section, key): layer for key in table})
            else:
                values[section] = table
    return Merged(values, given_by)
