"""The device's own identities on disk, so written that a power loss leaves exactly one in force.

Each is a generation: a folder with key, certificate and facts. The link `current` names the one in
force, and renaming it is the one step that puts another there. `rotation.json` tells how far the
next one is.
"""

import dataclasses
import json
import os
import stat
from pathlib import Path
from typing import Final, Literal, TypeAlias

from devicewarden.config.identity import Facts, read_facts
from devicewarden.config.identity_files import CURRENT, FACTS, FOLDER, PLAN
from devicewarden.model.identity import CERTIFICATE
from devicewarden.state.whole_file import settle, write_whole

Phase: TypeAlias = Literal["making", "issued", "trying"]
_PREFIX: Final = "g"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A rotation under way.

    Attributes:
        job_id: who wants it; empty: somebody at the device.
        phase: making: key and request; issued: the certificate is here; trying: it is registered.
        new: name of the new generation.
        old_id: of the certificate that it replaces, as AWS names it; empty: not known yet, or none.
        new_id: of the new certificate; empty: not known yet.
        token: proves to the service that the certificate is ours, for an hour.
        key_label: of the new key in a token; empty: it lies in a file.
    """

    job_id: str
    phase: Phase
    new: str
    old_id: str = ""
    new_id: str = ""
    token: str = ""
    key_label: str = ""


class IdentityFolder:
    """What lies in `identity` of the state folder.

    Every method may raise OSError: the disk is full, read-only, or somebody else's.

    Args:
        state_folder: where `identity` is, or will be made.
    """

    def __init__(self, state_folder: Path) -> None:
        self._root = state_folder / FOLDER

    def current(self) -> str:
        """Name the generation in force; empty: the configured identity is."""
        try:
            return (self._root / CURRENT).readlink().name
        except FileNotFoundError:
            return ""

    def plan(self) -> Plan | None:
        """Tell how far a rotation is; None: there is none."""
        try:
            return Plan(**json.loads((self._root / PLAN).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def path(self, generation: str) -> Path:
        """Tell where a generation lies."""
        return self._root / generation

    def facts(self, generation: str) -> Facts | None:
        """Tell what is known of a generation; None: nothing that can be read."""
        try:
            return read_facts(self.path(generation))
        except (OSError, ValueError):
            return None

    def others(self) -> list[Facts]:
        """Tell what is known of generations that are not in force."""
        current = self.current()
        found = [self.facts(p.name) for p in self._generations() if p.name != current]
        return [facts for facts in found if facts is not None]

    def begin(self, job_id: str, *, in_token: bool) -> Plan:
        """Begin another generation, in an empty folder; what an earlier rotation left goes."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clean()
        name = self._next_name()
        key_label = f"devicewarden-{os.urandom(6).hex()}" if in_token else ""
        plan = Plan(job_id=job_id, phase="making", new=name, key_label=key_label)
        # First the plan: a generation that no plan names would be nobody's.
        self.keep(plan)
        self.path(name).mkdir(mode=0o700)
        settle(self._root)
        return plan

    def keep(self, plan: Plan) -> None:
        """Note how far a rotation is."""
        write_whole(self._root / PLAN, json.dumps(dataclasses.asdict(plan)).encode())

    def complete(self, plan: Plan, certificate: str, facts: Facts) -> None:
        """Put the certificate, PEM, beside its key."""
        folder = self.path(plan.new)
        write_whole(folder / CERTIFICATE, certificate.encode())
        write_whole(folder / FACTS, json.dumps(dataclasses.asdict(facts)).encode())

    def switch(self, plan: Plan) -> None:
        """Put the new generation in force, in one step."""
        draft = self._root / f".{CURRENT}.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(plan.new)
        draft.replace(self._root / CURRENT)
        settle(self._root)

    def forget(self) -> None:
        """Take the plan away: the rotation is over, one way or the other."""
        self.clean()
        (self._root / PLAN).unlink(missing_ok=True)
        settle(self._root)

    def clean(self) -> None:
        """Remove every generation that is not in force."""
        import shutil  # noqa: PLC0415  with its compressors half a megabyte, for once a year

        current = self.current()
        for folder in self._generations():
            if folder.name != current:
                shutil.rmtree(folder)

    def give_to_owner(self) -> None:
        """Where root wrote, make everything theirs who own the state folder: the agent's user."""
        if os.geteuid() != 0:
            return
        owner = self._root.parent.stat()
        # By handles: whoever owns the folder may lay links in it while we walk.
        for _, folders, files, handle in os.fwalk(self._root):
            for name in (".", *folders, *files):
                found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
                    os.chown(name, owner.st_uid, owner.st_gid, dir_fd=handle, follow_symlinks=False)

    def _next_name(self) -> str:
        taken = [int(folder.name.removeprefix(_PREFIX)) for folder in self._generations()]
        return f"{_PREFIX}{max(taken, default=0) + 1}"

    def _generations(self) -> list[Path]:
        return [p for p in self._root.glob(f"{_PREFIX}*") if p.name[1:].isdecimal()]
