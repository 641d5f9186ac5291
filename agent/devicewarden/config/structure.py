"""Raw values -> Settings by cattrs: strict, and every fault found at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, Literal, get_origin

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from devicewarden.config import kinds
from devicewarden.config.fault import Fault, KeyPath, did_you_mean
from devicewarden.config.knobs import knobs, knobs_of, sections
from devicewarden.config.settings import Settings


def structure(values: Mapping[str, Any]) -> tuple[Settings, tuple[Fault, ...]]:
    """Type the merged raw values.

    Returns:
        The settings, with defaults in the place of what is wrong, and what is wrong.
    """
    converter = _converter()
    try:
        return converter.structure(dict(values), Settings), ()
    except BaseValidationError as error:
        leaves = list(_leaves(error, ()))
    faults = tuple(fault for path, leaf in leaves for fault in _faults(path, leaf))
    good = _without(values, (fault.paths[0] for fault in faults))
    return converter.structure(good, Settings), faults


def _converter() -> Converter:
    """Build a converter for one use: kept, it would hold memory that only a reload needs."""
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(bool, kinds.boolean)
    converter.register_structure_hook(int, kinds.integer)
    converter.register_structure_hook(float, kinds.number)
    converter.register_structure_hook(str, kinds.string)
    converter.register_structure_hook_func(_is_literal, kinds.choice)
    converter.register_structure_hook_factory(_is_tuple, _array_hook)
    converter.register_structure_hook_factory(is_dataclass, _table_hook)
    return converter


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _array_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    elements = homogenous_tuple_structure_factory(kind, converter)
    return lambda value, _kind: elements(kinds.array(value), kind)


def _table_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    hooks: dict[str, Any] = {}
    if kind is not Settings:
        for knob in knobs_of(kind):
            hook = kinds.within(knob, converter.get_structure_hook(knob.type))
            hooks[knob.name] = override(struct_hook=hook)
    # The line cache would keep the generated text of every reload.
    keys = make_dict_structure_fn(kind, converter, _cattrs_use_linecache=False, **hooks)
    return lambda value, _kind: keys(kinds.table(value), kind)


def _leaves(error: Exception, path: KeyPath) -> Iterator[tuple[KeyPath, Exception]]:
    if not isinstance(error, BaseValidationError):
        yield path, error
        return
    for inner in error.exceptions:
        yield from _leaves(inner, (*path, *_step(inner)))


def _step(error: Exception) -> KeyPath:
    """Tell which attribute or element cattrs was at; it says so in a note."""
    for note in getattr(error, "__notes__", ()):
        step = getattr(note, "name", getattr(note, "index", None))
        if step is not None:
            return (step,)
    return ()


def _faults(path: KeyPath, error: Exception) -> Iterator[Fault]:
    match error:
        case ForbiddenExtraKeysError():
            yield from (_unknown((*path, key)) for key in sorted(error.extra_fields))
        case KeyError():
            yield Fault((path,), "is missing")
        case kinds.BadValueError():
            yield Fault((path,), str(error), error.hint)
        case _:
            raise error


def _unknown(path: KeyPath) -> Fault:
    key = str(path[-1])
    if len(path) == 1:
        hint = did_you_mean(key, list(sections())) or _elsewhere(key)
        return Fault((path,), "unknown section or setting", hint)
    names = [knob.name for knob in knobs_of(_table_at(path))]
    return Fault((path,), "unknown setting", did_you_mean(key, names) or _elsewhere(key))


def _table_at(path: KeyPath) -> type:
    """Find the class of a section, or of the members of an array of tables in it."""
    section = sections()[str(path[0])]
    members = (knob.member for knob in knobs_of(section) if knob.name == path[1])
    return next(members, None) or section


def _elsewhere(name: str) -> str:
    keys = [knob.key for knob in knobs() if knob.name == name]
    return f"did you mean {' or '.join(keys)}?" if keys else ""


def _without(values: Mapping[str, Any], paths: Iterable[KeyPath]) -> dict[str, Any]:
    good = {k: dict(table) if isinstance(table, dict) else table for k, table in values.items()}
    for section, *keys in paths:
        if keys and isinstance(good.get(str(section)), dict):
            good[str(section)].pop(keys[0], None)
        else:
            good.pop(str(section), None)
    return good
