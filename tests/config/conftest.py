"""A folder to write configurations into, and the means to load them."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from devicewarden.config.load import Loaded, load
from devicewarden.model.errors import ConfigError, Problem

LoadText: TypeAlias = Callable[..., Loaded]
NOBODY = 65534
ProblemsOf: TypeAlias = Callable[..., tuple[Problem, ...]]


@pytest.fixture
def load_text(tmp_path: Path) -> LoadText:
    def load_it(text: str, environ: Mapping[str, str] | None = None) -> Loaded:
        config = tmp_path / "config.toml"
        config.write_text(text, encoding="utf-8")
        return load(config, environ or {})

    return load_it


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[None]:
    """Be somebody who may not look into `tmp_path / "private"`; root may look everywhere."""
    private, user = tmp_path / "private", os.geteuid()
    private.mkdir(mode=0)
    if user == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(user)
    private.chmod(0o700)


@pytest.fixture
def problems_of(load_text: LoadText) -> ProblemsOf:
    def judge(text: str, environ: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            load_text(text, environ)
        return caught.value.problems

    return judge
