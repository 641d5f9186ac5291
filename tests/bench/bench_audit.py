"""`make bench-audit`: how well policies are judged, and how fast 100,000 certificates.

Recall: of the statements that are labelled with a code, those that were blamed with it. Precision:
of those that were blamed, those that are labelled. The labels are our own reading of AWS's rules,
so the figures tell how well the engine keeps to that reading, and not how AWS would judge.
It ends with status 0 also where a goal is missed, for this is no test.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from time import process_time
from typing import Final, get_args

from tests.audit.policy.corpus import Case, faults, judge, read_corpus
from tests.bench import fleet_figures
from tests.bench.figures import Figure, share, tell

from devicewarden.audit.policy.fault import ReasonCode

GOAL: Final = 100
CODES: Final[tuple[str, ...]] = get_args(ReasonCode)


def figures(cases: Iterable[Case]) -> Iterator[Figure]:
    """Make the rows: recall and precision of each code, then what was judged, and its cost."""
    right, labelled, blamed = Counter[str](), Counter[str](), Counter[str]()
    cases = list(cases)
    for case in cases:
        found = judge(case)
        right.update(each.code for each in found & case.expected)
        labelled.update(each.code for each in case.expected)
        blamed.update(each.code for each in found)
    for code in CODES:
        yield _percent(f"{code}: recall", right[code], labelled[code])
        yield _percent(f"{code}: precision", right[code], blamed[code])
    yield _percent("all codes: recall", right.total(), labelled.total())
    yield _percent("all codes: precision", right.total(), blamed.total())
    yield Figure(what="labelled policies", unit="number", measured=len(cases))
    yield Figure(
        what="of them compliant",
        unit="number",
        measured=sum(not case.expected for case in cases),
    )
    yield Figure(what="CPU of judging a policy, mean", unit="ms", measured=_cost_ms(cases))


def _percent(what: str, part: int, whole: int) -> Figure:
    if not whole:
        return Figure(
            what=what, unit="%", measured=None, goal=GOAL, at_least=True, why="nothing to count"
        )
    return Figure(what=what, unit="%", measured=100 * part / whole, goal=GOAL, at_least=True)


def _cost_ms(cases: list[Case]) -> float:
    started = process_time()
    for case in cases:
        faults(case)
    return 1000 * share(process_time() - started, len(cases))


def main() -> int:
    return tell("bench_audit", __doc__, measured)


def measured() -> list[Figure]:
    return [*figures(read_corpus()), *fleet_figures.figures()]


if __name__ == "__main__":
    sys.exit(main())
