"""Every setting as a row: what loading, the sample and the reference are made from."""

from collections.abc import Iterator
from dataclasses import Field, dataclass, fields
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin

from devicewarden.config.knob import PathKind, member_of
from devicewarden.config.settings import Settings

Table: TypeAlias = type[Any]
"""A section, or a member of an array of tables."""

VARIABLE_PREFIX: Final = "DEVICEWARDEN_"


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting.

    Attributes:
        section: name of its TOML table, empty for a member of an array of tables.
        name: its key there.
        type: as annotated.
        default: of that type; dataclasses.MISSING where a value must be given.
        doc: what it does, in one line.
        minimum: least value, inclusive; None where there is none, as with all but numbers.
        maximum: greatest value, inclusive; None where there is none.
        path: what kind of path it names, None where it names none.
    """

    section: str
    name: str
    type: Any
    default: Any
    doc: str
    minimum: float | None
    maximum: float | None
    path: PathKind | None

    @property
    def key(self) -> str:
        """Dotted, as `config show` prints it: `report.interval_s`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it: `DEVICEWARDEN_REPORT__INTERVAL_S`."""
        return f"{VARIABLE_PREFIX}{self.section}__{self.name}".upper()

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values it may have, in order; empty where any value of its type will do."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()

    @property
    def member(self) -> Table | None:
        """The class of its tables where it is an array of tables; None where it is none."""
        return member_of(self.type)


def sections() -> dict[str, type]:
    """Section name -> its class, in the order of the settings."""
    return {field.name: field.type for field in fields(Settings) if isinstance(field.type, type)}


def knobs_of(table: type, section: str = "") -> Iterator[Knob]:
    """Give the settings of one section or of one member of an array of tables, in order."""
    return (_knob(section, field) for field in fields(table))


def knobs() -> Iterator[Knob]:
    """Give every setting, in the order of the settings."""
    for section, table in sections().items():
        yield from knobs_of(table, section)


def value_of(settings: Settings, knob: Knob) -> Any:
    """Look a setting's value up."""
    return getattr(getattr(settings, knob.section), knob.name)


def _knob(section: str, field: Field[Any]) -> Knob:
    facts = field.metadata
    return Knob(
        section=section,
        name=field.name,
        type=field.type,
        default=field.default,
        doc=facts["doc"],
        minimum=facts.get("minimum"),
        maximum=facts.get("maximum"),
        path=facts.get("path"),
    )
