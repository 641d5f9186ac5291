"""What jobs have done about actions: root is asked, and the job ends as root's records tell."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from devicewarden.daemon.around import Around
from devicewarden.model.action import ActionRecord, Cause, action_id
from devicewarden.model.errors import DocumentError, MitigationError
from devicewarden.state.job_memory import JobEnd

ROOT_ANSWERS_S: Final = 600.0
"""Longer than the longest command, twice."""

_LOOK_EVERY_S: Final = 0.5
_HINT: Final = "systemctl enable --now devicewarden-mitigate.path"
_Records: TypeAlias = Mapping[str, ActionRecord]


class ActionJobs:
    """Applies and undoes because of jobs; done again after a power loss it does the same.

    Attributes:
        around: the rest of the agent.

    Args:
        around: see above.
        plan: hands a configured action to root, because of a job: its name, and the job's id;
            tells why it cannot be, or nothing.
    """

    def __init__(self, around: Around, plan: Callable[[str, str], str]) -> None:
        self.around = around
        self._plan = plan

    async def apply(self, name: str, job_id: str) -> JobEnd:
        """Apply a configured action, and tell what became of it."""
        if trouble := self._plan(name, job_id):
            return _failed(trouble)
        dry_run = self.around.settings().mitigate.dry_run
        wanted = action_id(Cause("job", job_id), name, dry_run=dry_run)
        try:
            records = await self._until(lambda found: _ended(found.get(wanted)))
        except TimeoutError:
            self._withdraw(f"job-{wanted}")
            return _failed(f"root did not answer; {_HINT}")
        return _told(records[wanted])

    async def undo(self, name: str) -> JobEnd:
        """Undo whatever is in effect under this name; nothing to undo is no failure.

        Raises:
            DocumentError: root's records cannot be read.
            OSError: root cannot be asked.
        """
        from devicewarden.mitigate import spool  # noqa: PLC0415  as rare as jobs are
        from devicewarden.mitigate.plan_form import Undo  # noqa: PLC0415  as above

        named = [each for each in self._read().values() if each.name == name]
        if not named:
            return _failed(f"no action {name} was ever applied here")
        standing = {each.action_id for each in named if _stands(each)}
        for each in standing:
            spool.put(Path(self.around.settings().state.dir), _undo(each), Undo(each))
        try:
            records = await self._until(
                lambda found: not any(self._waits(each, found) for each in standing)
            )
        except TimeoutError:
            for each in standing:
                self._withdraw(_undo(each))
            return _failed(f"root did not answer; {_HINT}")
        left = [records[each] for each in standing if _stands(records.get(each))]
        if left:
            return _failed(left[0].message or "it is still in effect")
        return JobEnd("SUCCEEDED", {"undone": str(len(standing))})

    async def _until(self, holds: Callable[[_Records], bool]) -> _Records:
        """Look at root's records until something holds of them."""
        async with asyncio.timeout(ROOT_ANSWERS_S):
            # Nobody tells when root has written.
            while not holds(records := self._read()):  # noqa: ASYNC110  see above
                await asyncio.sleep(_LOOK_EVERY_S)
            return records

    def _read(self) -> _Records:
        from devicewarden.mitigate.record_form import read_records  # noqa: PLC0415  as in undo

        try:
            found = read_records(Path(self.around.settings().mitigate.records_dir))
        except DocumentError as error:
            raise MitigationError(f"what root wrote {error}") from error
        return {each.action_id: each for each in found}

    def _waits(self, name: str, records: _Records) -> bool:
        # Root takes a request away after it has written what became of it.
        return _stands(records.get(name)) and self._request(_undo(name)).exists()

    def _withdraw(self, request: str) -> None:
        """Take back what root was asked for: a job that has failed must not be done later."""
        self._request(request).unlink(missing_ok=True)

    def _request(self, name: str) -> Path:
        from devicewarden.mitigate.spool import FOLDER  # noqa: PLC0415  as in undo

        return Path(self.around.settings().state.dir) / FOLDER / f"{name}.json"


def _undo(name: str) -> str:
    return f"undo-{name}"


def _stands(record: ActionRecord | None) -> bool:
    """Tell whether there is something to undo."""
    return record is not None and record.status == "SUCCESSFUL" and record.expires_at is not None


def _ended(record: ActionRecord | None) -> bool:
    return record is not None and record.status != "IN_PROGRESS"


def _told(record: ActionRecord) -> JobEnd:
    """Say what became of an action; a dry run has put nothing in effect, so it fails."""
    if record.status in {"FAILED", "SKIPPED"}:
        described = f": {record.description}" if record.description else ""
        return _failed(f"{record.message or record.status}{described}")
    return JobEnd("SUCCEEDED", {"actionId": record.action_id, "did": record.description or "-"})


def _failed(why: str) -> JobEnd:
    return JobEnd("FAILED", {"reason": why})
