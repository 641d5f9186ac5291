"""Alarms of many things as lines for people: by behavior, for one cause shows on many at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def by_behavior(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Tell of each behavior on how many things it is in alarm, and on which."""
    things: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        behavior = document.get("behavior")
        name = behavior.get("name") if isinstance(behavior, dict) else None
        things[f"{document.get('securityProfileName')}/{name}"].add(str(document.get("thingName")))
    for place, names in sorted(things.items()):
        yield f"{len(names)}  {place}  {' '.join(sorted(names))}"
