"""A host as a tree of files, and what an audit finds in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.audit.certificates import AT

from devicewarden.audit.check import Check
from devicewarden.audit.device.host import Host
from devicewarden.audit.device.inventory import DeviceInventory
from devicewarden.audit.runner import run_checks
from devicewarden.audit.suppress import Suppressions
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.config.settings import (
    CustomMetricsSettings,
    DetectSettings,
    LogSettings,
    PublishSettings,
    Settings,
    StateSettings,
    ThingSettings,
)
from devicewarden.model.finding import CheckRun, Finding

CODE = "/usr/lib/devicewarden"

_SECTIONS: dict[str, Callable[..., Any]] = {
    "thing": ThingSettings,
    "publish": PublishSettings,
    "audit": AuditSettings,
    "log": LogSettings,
    "state": StateSettings,
    "detect": DetectSettings,
    "custom_metrics": CustomMetricsSettings,
}


def settings(**sections: dict[str, Any]) -> Settings:
    made = {name: _SECTIONS[name](**values) for name, values in sections.items()}
    return Settings(**made)


class Tree:
    """A host below a folder; paths are the host's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.chmod(0o755)

    def write(self, path: str, content: str | bytes = "", mode: int = 0o644) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)
        return file

    def folder(self, path: str, mode: int = 0o755) -> Path:
        folder = self.root / path.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
        return folder

    def link(self, path: str, target: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)

    def inventory(self, **sections: dict[str, Any]) -> DeviceInventory:
        return DeviceInventory(Host(settings(**sections), self.root, CODE))

    def audit(
        self, check: Check[Any], **sections: dict[str, Any]
    ) -> tuple[list[Finding], CheckRun]:
        """Run one check over this host."""
        inventory = self.inventory(**sections)
        found, (run,) = run_checks(inventory, [check], Suppressions((), AT), AT)
        return [each.finding for each in found], run

    def subjects(self, kind: type, **sections: dict[str, Any]) -> Iterator[Any]:
        return self.inventory(**sections).subjects(frozenset({kind}))


def told(result: tuple[list[Finding], CheckRun]) -> list[tuple[str, str]]:
    """Tell resource and code of each finding; an undecided check is no result."""
    findings, run = result
    assert run.status != "FAILED", run.undecided
    return [(next(iter(f.resource.identifier.values())), f.code) for f in findings]


def undecided(result: tuple[list[Finding], CheckRun]) -> str:
    _, run = result
    assert run.status == "FAILED"
    return "; ".join(run.undecided)
