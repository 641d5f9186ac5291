"""What a folder of security profiles held, apart from what reads it: the daemon loads that late."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from devicewarden.model.behavior import SecurityProfile

if TYPE_CHECKING:
    from devicewarden.config.profile_problem import ProfileProblem


@dataclass(frozen=True, slots=True)
class LoadedProfiles:
    """What a folder holds. File names are as in the folder, in the order of their names.

    Attributes:
        by_file: file name -> profile in force on this device; of a file that became broken, the one
            that it held last.
        problems: file name -> errors and warnings; the folder's own stand under its path.
        elsewhere: files whose targets do not include this device.
    """

    by_file: Mapping[str, SecurityProfile] = field(default_factory=dict)
    problems: Mapping[str, "tuple[ProfileProblem, ...]"] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()

    @property
    def profiles(self) -> tuple[SecurityProfile, ...]:
        """The profiles in force."""
        return tuple(self.by_file.values())


NOTHING: Final = LoadedProfiles()
