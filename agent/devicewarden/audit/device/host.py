"""This host's files, below a folder that stands for `/`, so that a recorded tree is as good."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import devicewarden
from devicewarden.audit.inventory import Unreadable
from devicewarden.config.files import MAX_BYTES, content_of
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Resource

_MAX_ENTRIES: Final = 100_000
_CODE: Final = str(Path(devicewarden.__file__).parent)


@dataclass(frozen=True, slots=True)
class Host:
    """Where readers of the device's inventory look; paths are the host's, such as `/etc/shadow`.

    Attributes:
        settings: in force.
        root: folder that stands for `/`.
        code: folder of this program on the host.
    """

    settings: Settings
    root: Path = Path("/")
    code: str = _CODE

    def at(self, path: str) -> Path:
        """Tell where a path of the host is for us."""
        return self.root / path.lstrip("/")

    def there(self, path: str) -> bool:
        """Tell whether something is there; a link that leads nowhere is.

        Raises:
            AuditError: it may not be looked at.
        """
        return self.mode(path) is not None

    def is_folder(self, path: str) -> bool:
        """Tell whether it is a folder, or a link to one.

        Raises:
            AuditError: it may not be looked at.
        """
        try:
            return self.at(path).is_dir()
        except OSError as error:
            raise _unreadable(path, error) from error

    def read(self, path: str) -> bytes | None:
        """Read a file; None: there is none.

        Raises:
            AuditError: it cannot be read, is no regular file or has more than 1 MiB.
        """
        try:
            content = content_of(self.at(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        if content is None:
            raise AuditError(f"{path} is not a file")
        if len(content) > MAX_BYTES:
            raise AuditError(f"{path} is larger than {MAX_BYTES} bytes")
        return content

    def text(self, path: str) -> str | None:
        """Read a file of text; what is no UTF-8 becomes U+FFFD."""
        content = self.read(path)
        return None if content is None else content.decode(errors="replace")

    def mode(self, path: str) -> os.stat_result | None:
        """Look at a file, not through a link; None: there is none.

        Raises:
            AuditError: it may not be looked at.
        """
        try:
            return self.at(path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error

    def listed(self, folder: str, pattern: str = "*") -> list[str]:
        """Give the paths of a folder in the order of their names; none where there is no folder.

        Raises:
            AuditError: it cannot be listed, or is too large.
        """
        try:
            names = sorted(entry.name for entry in os.scandir(self.at(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as error:
            raise _unreadable(folder, error) from error
        if len(names) > _MAX_ENTRIES:
            raise AuditError(f"{folder} has more than {_MAX_ENTRIES} files")
        return [f"{folder.rstrip('/')}/{n}" for n in names if Path(n).match(pattern)]

    def target(self, path: str) -> str:
        """Tell where a path leads once all links are followed."""
        real = Path(os.path.realpath(self.at(path)))
        root = os.path.realpath(self.root)
        # A recorded tree's absolute links lead out of it, and are of the host that recorded it.
        return f"/{real.relative_to(root)}" if real.is_relative_to(root) else str(real)

    def folders_above(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        """Give the folders that lead to a path, the nearest first, `/` included."""
        for folder in Path(path).parents:
            status = self.mode(str(folder))
            if status is not None and stat.S_ISDIR(status.st_mode):
                yield str(folder), status


def file_resource(path: str, **info: str) -> Resource:
    """Name a file of the host, or with a part behind a `#` what stands in it."""
    return Resource(type="FILE", identifier={"path": path}, info=info)


def host_resource(what: str, **info: str) -> Resource:
    """Name something that the host has, not the thing: one suppression serves a fleet."""
    return Resource(type="HOST", identifier={"host": what}, info=info)


def unreadable(error: AuditError, *subjects: type) -> Unreadable:
    """Say that subjects of these classes are missing because of an error."""
    return Unreadable(subjects, f"{error} ({error.hint})" if error.hint else str(error))


def _unreadable(path: str, error: OSError | ValueError) -> AuditError:
    why = getattr(error, "strerror", None) or str(error)
    hint = "run the audit as root, or as its systemd unit" if _forbidden(error) else ""
    return AuditError(f"{path} cannot be read: {why}", hint=hint)


def _forbidden(error: Exception) -> bool:
    return isinstance(error, PermissionError)
