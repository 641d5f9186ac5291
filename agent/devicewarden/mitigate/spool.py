"""The folder through which the daemon asks root, who believes nothing that lies there."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from devicewarden.mitigate.plan_form import MAX_BYTES, Request, read_request, write_request
from devicewarden.model.errors import DocumentError, MitigationError

FOLDER: Final = "mitigate"
"""Below `state.dir`; devicewarden-mitigate.path looks for `*.json` there."""

MAX_FILES: Final = 100
_ONLY_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


class Found(NamedTuple):
    """What lay in the folder under one name.

    Attributes:
        name: of the file.
        request: None: it is refused.
        refused: why it is.
    """

    name: str
    request: Request | None
    refused: str = ""


def put(state_dir: Path, name: str, request: Request) -> None:
    """Ask root; a request of the same name is replaced.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = state_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    half = folder / f".{name}.half"
    with open(half, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(write_request(request))
        os.fsync(file.fileno())
    half.replace(folder / f"{name}.json")


def take(state_dir: Path) -> Iterator[Found]:
    """Give what was asked, by name, and remove each when the next one is wanted.

    No link is followed, nothing but small regular files of the folder's owner is read, and
    whatever is not understood is removed and told of.

    Raises:
        MitigationError: in the place of the folder was something else, which was removed.
    """
    with _opened(state_dir) as folder:
        if folder is None:
            return
        owner = os.fstat(folder).st_uid
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".json"))
        for name in names[:MAX_FILES]:
            yield _found(folder, name, owner)
            if trouble := _remove(folder, name):
                yield Found(name, None, trouble)


def pending(state_dir: Path) -> bool:
    """Tell whether something waits for root."""
    try:
        return any(path.suffix == ".json" for path in (state_dir / FOLDER).iterdir())
    except OSError:
        return False


@contextmanager
def _opened(state_dir: Path) -> Iterator[int | None]:
    try:
        above = os.open(state_dir, _ONLY_READ | os.O_DIRECTORY)
    except OSError:
        yield None
        return
    try:
        folder = os.open(FOLDER, _ONLY_READ | os.O_DIRECTORY, dir_fd=above)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        _remove(above, FOLDER)
        raise MitigationError(f"{FOLDER} in {state_dir} was no folder: it was removed") from error
    finally:
        os.close(above)
    try:
        yield folder
    finally:
        os.close(folder)


def _found(folder: int, name: str, owner: int) -> Found:
    try:
        return Found(name, read_request(_content(folder, name, owner)))
    except OSError as error:
        return Found(name, None, f"cannot be read: {error.strerror}")
    except DocumentError as error:
        return Found(name, None, str(error))


def _content(folder: int, name: str, owner: int) -> bytes:
    # Without O_NONBLOCK a named pipe would hold us for ever.
    handle = os.open(name, _ONLY_READ | os.O_NONBLOCK, dir_fd=folder)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid != owner:
            raise DocumentError("is no file of the agent's own")
        content = bytearray()
        while len(content) <= MAX_BYTES and (chunk := os.read(handle, MAX_BYTES + 1)):
            content += chunk
        return bytes(content)
    finally:
        os.close(handle)


def _remove(folder: int, name: str) -> str:
    """Take a request out of the path unit's sight; tell why that failed, or nothing."""
    try:
        try:
            os.unlink(name, dir_fd=folder)
        except IsADirectoryError:
            # Renamed, and shortly, it is the daemon's to clear away.
            hidden = f".{os.urandom(8).hex()}.refused"
            os.rename(name, hidden, src_dir_fd=folder, dst_dir_fd=folder)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"cannot be removed: {error.strerror}"
    return ""
