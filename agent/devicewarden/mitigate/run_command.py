"""RUN_COMMAND: a program that the settings allow, with a time limit and nothing left of it."""

import stat
from pathlib import Path
from typing import Final

from devicewarden.config.root_owned import writable_by_others
from devicewarden.mitigate.action import ActionMeta, Ask, Host, Memory
from devicewarden.model.action_params import RunCommand as Params
from devicewarden.model.errors import MitigationError

META: Final = ActionMeta(
    type="RUN_COMMAND",
    member="runCommandParams",
    title="Runs a program as root, with the few capabilities of devicewarden-mitigate.service; "
    "all that it started and left behind is killed",
    takes="`command`, an absolute path and arguments, never a shell's line; `timeoutSeconds`, 30 "
    "by default; `undoCommand`, which takes it back",
    undo="`undoCommand` is run; without one nothing can take it back",
    ends="after its duration, where there is an `undoCommand`",
    needs="its path in `mitigate.allow_commands`, which root alone may write, as all folders above",
    example='{"runCommandParams": {"command": ["/usr/local/sbin/valve", "close"], '
    '"undoCommand": ["/usr/local/sbin/valve", "open"]}}',
)

_LIMIT_BYTES: Final = 65_536
_LONGEST_TOLD: Final = 200


class RunCommand:
    """What a program changed, it alone knows."""

    def __init__(self, ask: Ask, host: Host) -> None:
        assert isinstance(ask.params, Params)  # noqa: S101  the registry pairs them
        self._params = ask.params
        self._host = host
        self.lasts = bool(ask.params.undo_argv)

    def describe(self) -> str:
        return f"run {' '.join(self._params.argv)}, for at most {self._params.timeout_s} s"

    def check(self) -> None:
        self._check(self._params.argv)
        if self._params.undo_argv:
            self._check(self._params.undo_argv)

    def in_effect(self) -> bool | None:
        return None

    def remember(self) -> Memory:
        return {}

    def apply(self) -> None:
        self.check()
        self._run(self._params.argv)

    def undo(self, memory: Memory) -> None:
        del memory
        if self._params.undo_argv:
            self._check(self._params.undo_argv)
            self._run(self._params.undo_argv)

    def _check(self, argv: tuple[str, ...]) -> None:
        if argv[0] not in self._host.settings.mitigate.allow_commands:
            raise MitigationError(f"{argv[0]} is not in mitigate.allow_commands")
        try:
            found = Path(argv[0]).lstat()
        except OSError as error:
            raise MitigationError(f"{argv[0]} cannot be run: {error.strerror}") from error
        others = stat.S_IWGRP | stat.S_IWOTH
        if not stat.S_ISREG(found.st_mode) or found.st_uid != 0 or found.st_mode & others:
            raise MitigationError(f"{argv[0]} must be a file that root owns and alone may write")
        # Who may write a folder above can put another program there, also after we looked.
        folder = Path(argv[0]).parent.resolve()
        if problems := writable_by_others((folder, *folder.parents)):
            raise MitigationError(f"{argv[0]} can be replaced: {problems[0]}")

    def _run(self, argv: tuple[str, ...]) -> None:
        ended = self._host.run(argv, timeout_s=self._params.timeout_s, limit_bytes=_LIMIT_BYTES)
        if ended.status != 0:
            told = ended.error.rpartition("\n")[2][:_LONGEST_TOLD]
            raise MitigationError(f"{argv[0]} ended with status {ended.status}: {told}")
        if ended.left:
            raise MitigationError(f"{argv[0]} left {ended.left} processes behind: they were killed")
