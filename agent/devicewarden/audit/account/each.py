"""Reads the details of what a list names: several at once, in the list's order, a few ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from devicewarden.audit.account.calls import AbsentError, CallError
from devicewarden.audit.inventory import Unreadable
from devicewarden.model.errors import AuditError

T = TypeVar("T")
Item = TypeVar("Item")

AHEAD: Final = 4
"""So many calls wait for each that is under way."""
PATIENCE: Final = 5
"""So many calls in a row may fail; where the permission is missing, all of 100,000 would."""


@dataclass(frozen=True, slots=True)
class Reader(Generic[Item, T]):
    """How things of one kind are read.

    Attributes:
        read: gives a thing's details; raises AuditError, or AbsentError where it is gone by now.
        name: tells people which one it is.
        missing: classes of subjects that are missing where it cannot be read.
        workers: calls under way at once.
    """

    read: Callable[[Item], T]
    name: Callable[[Item], str]
    missing: tuple[type, ...]
    workers: int

    def each(self, listed: Iterable[Item]) -> Iterator[T | Unreadable]:
        """Read all; what cannot be read, and where the list ends early, is told in its place."""
        failed = 0
        for outcome in self._outcomes(listed):
            failed = failed + 1 if isinstance(outcome, _Failed) else 0
            match outcome:
                case _Gone():
                    continue
                case _Failed(unreadable):
                    yield unreadable
                case _:
                    yield outcome
            if failed == PATIENCE:
                reason = f"given up after {failed} failures in a row"
                yield Unreadable(self.missing, reason)
                return

    def _outcomes(self, listed: Iterable[Item]) -> Iterator["_Outcome[T]"]:
        pool = ThreadPoolExecutor(self.workers)
        ahead: deque[Future[_Outcome[T]]] = deque()
        cut_short: Unreadable | None = None
        items = iter(listed)
        try:
            while cut_short is None:
                try:
                    ahead.append(pool.submit(self._outcome, next(items)))
                except StopIteration:
                    break
                except AuditError as error:
                    cut_short = Unreadable(self.missing, told(error))
                except KeyError as error:
                    cut_short = Unreadable(self.missing, f"the answer has no {error}")
                if len(ahead) >= AHEAD * self.workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
            if cut_short is not None:
                yield cut_short
        finally:
            pool.shutdown(cancel_futures=True)

    def _outcome(self, item: Item) -> "_Outcome[T]":
        try:
            return self.read(item)
        except AbsentError:
            return _Gone()
        except CallError as error:
            # Without the name: so the same failure of many is one reason.
            return _Failed(Unreadable(self.missing, told(error)))
        except AuditError as error:
            return Unreadable(self.missing, f"{self.name(item)}: {told(error)}")
        except KeyError as error:
            return Unreadable(self.missing, f"{self.name(item)}: the answer has no {error}")


class _Gone:
    """It was deleted since it was listed."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """The call failed, and the next one may too."""

    unreadable: Unreadable


_Outcome: TypeAlias = T | Unreadable | _Gone | _Failed


def told(error: AuditError) -> str:
    """Write an error with what can be done about it."""
    return f"{error} ({error.hint})" if error.hint else str(error)
