"""Settings from the environment: `DEVICEWARDEN_<SECTION>__<KEY>`, typed by the setting."""

import json
from collections.abc import Mapping
from typing import Any

from devicewarden.config.fault import KeyPath, did_you_mean, shown
from devicewarden.config.kinds import BadValueError
from devicewarden.config.knobs import VARIABLE_PREFIX, Knob, knobs
from devicewarden.config.layers import Layer
from devicewarden.model.errors import Problem

_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def environment_layer(environ: Mapping[str, str]) -> tuple[Layer, tuple[Problem, ...]]:
    """Read the variables that are ours, in the order of the settings.

    A variable with our prefix and two underscores must name a setting. One without is left alone:
    container runtimes set `DEVICEWARDEN_PORT` and the like for a service of our name.
    """
    values: dict[str, dict[str, Any]] = {}
    places: dict[KeyPath, str] = {}
    known = {knob.variable: knob for knob in knobs()}
    problems = _unknown(environ, known)
    for variable, knob in known.items():
        if variable not in environ:
            continue
        where = f"environment {variable}"
        try:
            value = parse(environ[variable], knob)
        except BadValueError as error:
            problems.append(Problem(where, f"{knob.key}: {error}", error.hint))
            continue
        values.setdefault(knob.section, {})[knob.name] = value
        places[knob.section, knob.name] = where
    return Layer(values, places), tuple(problems)


def parse(text: str, knob: Knob) -> Any:
    """Read text as a raw value of a setting's type; lists are JSON.

    Raises:
        BadValueError: the text is nothing of that type.
    """
    kind = type(knob.choices[0]) if knob.choices else knob.type
    if kind is str:
        return text
    if kind is bool:
        return _truth(text)
    if kind in {int, float}:
        return _number(text, kind)
    return _json(text)


def _truth(text: str) -> bool:
    if text not in _TRUTH:
        raise BadValueError(f"must be true, false, 1 or 0, not {shown(text)}")
    return _TRUTH[text]


def _number(text: str, kind: type[int | float]) -> float:
    try:
        return kind(text)
    except ValueError as error:
        what = "an integer" if kind is int else "a number"
        raise BadValueError(f"must be {what}, not {shown(text)}") from error


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadValueError("must be a JSON array", hint='such as ["one", "two"]') from error


def _unknown(environ: Mapping[str, str], known: Mapping[str, Knob]) -> list[Problem]:
    ours = [name for name in environ if name.startswith(VARIABLE_PREFIX) and name not in known]
    single = {variable.replace("__", "_") for variable in known}
    return [
        Problem(f"environment {name}", "unknown setting", did_you_mean(name, list(known)))
        for name in sorted(ours)
        if "__" in name or name in single
    ]
