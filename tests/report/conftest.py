from pathlib import Path

import pytest

from devicewarden.cli.judge import Judge, load_judge


@pytest.fixture(scope="session")
def judge() -> Judge:
    return load_judge()


@pytest.fixture(scope="session")
def data() -> Path:
    return Path(__file__).parents[1] / "data" / "reports"
