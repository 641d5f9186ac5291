"""A quick watch on the score of the Numenta Anomaly Benchmark, and the laws of its scorer."""

import math

import pytest
from tests.bench import nab

from devicewarden.detect.scorer import Scorer

STANDARD = nab.PROFILES["standard"]
QUICK = ("art_daily_jumpsup", "speed_7578", "exchange-4_cpc_results")


@pytest.fixture(scope="module")
def corpus() -> list[nab.Labelled]:
    return nab.load()


def test_the_corpus_is_whole(corpus: list[nab.Labelled]) -> None:
    windows = sum(len(file.windows) for file in corpus)

    assert (len(corpus), windows) == (39, 77)


def test_no_alarm_at_all_scores_nothing(corpus: list[nab.Labelled]) -> None:
    silent = {file.name: [0.0] * len(file.values) for file in corpus}

    for profile in nab.PROFILES.values():
        assert nab.judge(corpus, silent, profile, [1.0]).score == 0


def test_the_first_row_of_each_window_scores_a_hundred(corpus: list[nab.Labelled]) -> None:
    scores = {file.name: [0.0] * len(file.values) for file in corpus}
    for file in corpus:
        for first, _ in file.windows:
            scores[file.name][first] = 5.0

    for profile in nab.PROFILES.values():
        judged = nab.judge(corpus, scores, profile, [1.0], rearm=0)
        assert judged.score == pytest.approx(100)


def test_alarms_outside_windows_cost(corpus: list[nab.Labelled]) -> None:
    file = next(file for file in corpus if len(file.windows) == 1)
    first, last = file.windows[0]

    within = nab.tally(file, [first, last])
    before = nab.tally(file, [first - 1])
    after = nab.tally(file, [last + 1, len(file.values) - 1])

    assert (within.found, within.charge) == (1, 0)
    assert within.worth == pytest.approx(1)
    assert before.charge == 1
    assert 0 < after.charge < 2


def test_weight_falls_from_one_to_minus_one() -> None:
    weights = [nab.weight(position / 10) for position in range(-10, 40)]

    assert weights == sorted(weights, reverse=True)
    assert weights[0] == pytest.approx(2 / (1 + math.exp(-5)) - 1)
    assert weights[10] == 0
    assert weights[-1] == -1


def test_an_alarm_is_raised_again_only_after_quiet_rows() -> None:
    hot = [(10, 3.0), (50, 3.0), (149, 3.0), (150, 1.0), (251, 3.0)]

    assert nab.alarms(hot, 2.0) == [10, 251]
    assert nab.alarms(hot, 2.0, rearm=20) == [10, 50, 149, 251]


def test_three_quick_files_keep_their_score(corpus: list[nab.Labelled]) -> None:
    files = [file for file in corpus if any(name in file.name for name in QUICK)]
    scores = {}
    for file in files:
        scorer = Scorer()
        rows = zip(file.times_s, file.values, strict=True)
        scored = [scorer.update(*row) for row in rows]
        scores[file.name] = [0.0 if score is None else score.value for score in scored]

    judged = nab.judge(files, scores, STANDARD, [2.2])

    assert judged.score > 70
