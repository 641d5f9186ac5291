"""What the device has taught: percentiles and machine learning, by metric and window length."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from devicewarden.detect.statistical import Past
from devicewarden.model.behavior import MachineLearning, StatisticalThreshold
from devicewarden.model.errors import BaselineError

if TYPE_CHECKING:
    from devicewarden.detect.machine_learning import Series, Verdict


class SeriesKey(NamedTuple):
    """One metric at one window length."""

    metric: str
    length_s: int


BaselineKind: TypeAlias = Literal["statistical", "machine-learning"]


class BaselineKey(NamedTuple):
    """One thing that can be learnt, exported and imported."""

    kind: BaselineKind
    metric: str
    length_s: int


class Known(NamedTuple):
    """What is known when a datapoint comes.

    Attributes:
        past: for statistical thresholds, without this datapoint.
        series: for machine learning.
        verdict: of the series on this datapoint.
    """

    past: Past | None = None
    series: "Series | None" = None
    verdict: "Verdict | None" = None


_NOTHING = Known()
_LONGEST_LENGTH: Final = 9
Learnt: TypeAlias = "Past | Series"


class Learned:
    """Everything learnt. Behaviors on the same metric and window share it."""

    __slots__ = ("_pasts", "_series")

    def __init__(self) -> None:
        self._pasts: dict[SeriesKey, Past] = {}
        self._series: dict[SeriesKey, Series] = {}

    def want(self, keys: Iterable[BaselineKey]) -> None:
        """Learn this from now on, and nothing else; what is known of it stays."""
        wanted = frozenset(keys)
        pasts = {SeriesKey(k.metric, k.length_s) for k in wanted if k.kind == "statistical"}
        series = {SeriesKey(k.metric, k.length_s) for k in wanted if k.kind == "machine-learning"}
        self._pasts = {key: self._pasts.get(key) or Past(key.length_s) for key in pasts}
        self._series = {key: self._series.get(key) or _kind()() for key in series}

    def meet(self, key: SeriesKey, at_s: float, value: float) -> Known:
        """Tell what is known about a datapoint; machine learning learns it at once."""
        past, series = self._pasts.get(key), self._series.get(key)
        if series is None:
            return _NOTHING if past is None else Known(past)
        return Known(past, series, series.update(int(at_s), value))

    def remember(self, key: SeriesKey, value: float) -> None:
        """Take a datapoint that every behavior has judged into the past."""
        past = self._pasts.get(key)
        if past is not None:
            past.add(value)

    def past(self, key: SeriesKey) -> Past | None:
        """Give the past of a series."""
        return self._pasts.get(key)

    def series(self, key: SeriesKey) -> "Series | None":
        """Give the model of a series."""
        return self._series.get(key)

    def progress(self, key: BaselineKey) -> float:
        """Tell how much is known of what must be before anything is judged, 0 to 1."""
        learnt: Mapping[SeriesKey, Learnt] = (
            self._pasts if key.kind == "statistical" else self._series
        )
        known = learnt.get(SeriesKey(key.metric, key.length_s))
        return 0.0 if known is None else known.progress

    def dump(self) -> dict[BaselineKey, bytes]:
        """Pack everything learnt, a few kilobytes each."""
        pasts = {BaselineKey("statistical", *key): past.dump() for key, past in self._pasts.items()}
        return pasts | {
            BaselineKey("machine-learning", *key): series.dump()
            for key, series in self._series.items()
        }

    def load(self, key: BaselineKey, packed: bytes) -> bool:
        """Go on from what was packed, here or on another device; False if nobody wants it.

        Raises:
            BaselineError: damaged, or of another version or window length.
        """
        series_key = SeriesKey(key.metric, key.length_s)
        if key.kind == "statistical" and series_key in self._pasts:
            past = Past.load(packed)
            if past.length_s != key.length_s:
                raise BaselineError(f"a past of {past.length_s} s windows, not of {key.length_s} s")
            self._pasts[series_key] = past
            return True
        if key.kind == "machine-learning" and series_key in self._series:
            self._series[series_key] = _kind().load(packed)
            return True
        return False

    def reset(self, key: BaselineKey) -> bool:
        """Forget what was learnt, and begin anew; False if nothing was."""
        series_key = SeriesKey(key.metric, key.length_s)
        if key.kind == "statistical" and series_key in self._pasts:
            self._pasts[series_key] = Past(key.length_s)
            return True
        if key.kind == "machine-learning" and series_key in self._series:
            self._series[series_key] = _kind()()
            return True
        return False


def _kind() -> "type[Series]":
    # A quarter of a megabyte that a device without such behaviors does not need.
    from devicewarden.detect.machine_learning import Series  # noqa: PLC0415  see above

    return Series


def baseline_key(criteria: StatisticalThreshold | MachineLearning, key: SeriesKey) -> BaselineKey:
    """Name what criteria need to be learnt."""
    if isinstance(criteria, StatisticalThreshold):
        return BaselineKey("statistical", *key)
    return BaselineKey("machine-learning", *key)


def baseline_name(key: BaselineKey) -> str:
    """Write a key as text, as the state file names what was learnt."""
    return f"{key.kind}/{key.length_s}/{key.metric}"


def parse_baseline_name(name: str) -> BaselineKey:
    """Undo `baseline_name`.

    Raises:
        BaselineError: it names nothing that can be learnt.
    """
    match name.split("/", 2):
        case ["statistical" | "machine-learning" as kind, length, metric] if (
            len(length) < _LONGEST_LENGTH and length.isascii() and length.isdigit() and metric
        ):
            return BaselineKey(kind, metric, int(length))
        case _:
            raise BaselineError("this names nothing that can be learnt")
