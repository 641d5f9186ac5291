"""The house keeps its own rules: what no linter looks at."""

import re
from pathlib import Path

import pytest

from devicewarden.cli.main import COMMANDS, devicewarden
from devicewarden.report.wire import SHORT

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "agent" / "devicewarden"
SOURCES = sorted(PACKAGE.rglob("*.py"))
WIRE_NAMES_AT_HOME = ("report/wire.py", "sandbox/")
"""The sandbox plays the other side: names shared with it would hide a wrong one."""


def room_path(source: Path) -> str:
    return source.relative_to(PACKAGE).as_posix()


def test_agent_is_a_folder_and_no_package() -> None:
    assert not (ROOT / "agent" / "__init__.py").exists()


@pytest.mark.parametrize("source", SOURCES, ids=room_path)
def test_no_file_outgrows_the_guide(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= 250


@pytest.mark.parametrize("source", SOURCES, ids=room_path)
def test_an_init_file_holds_its_docstring_and_nothing_else(source: Path) -> None:
    if source.name == "__init__.py":
        assert re.fullmatch(r'"""[^"]+"""\n', source.read_text())


def test_nobody_waits_in_a_way_that_forgets_a_cancellation() -> None:
    # Python 3.11's wait_for does, when the cancellation comes as the wait ends: SIGTERM is lost.
    waiting = [room_path(s) for s in SOURCES if "asyncio.wait_for(" in s.read_text()]

    assert waiting == []


def test_wire_names_of_a_report_stand_in_one_file() -> None:
    # The section of settings has the same name as the block of the report.
    long_names = {name for name in SHORT if "_" in name} - {"custom_metrics"}
    quoted = re.compile("|".join(rf'"{name}"' for name in sorted(long_names)))

    strays = {
        room_path(source): found
        for source in SOURCES
        if not room_path(source).startswith(WIRE_NAMES_AT_HOME)
        and (found := quoted.findall(source.read_text()))
    }

    assert strays == {}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_in_the_table_exists_and_says_what_it_does(name: str) -> None:
    context = devicewarden.make_context("devicewarden", [name], resilient_parsing=True)

    command = devicewarden.get_command(context, name)

    assert command is not None
    assert command.help


def test_every_document_is_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()))
    documents = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}

    assert documents <= linked
    assert all((ROOT / path).exists() for path in linked)


def test_nothing_committed_names_a_registry_or_a_machine() -> None:
    suspicious = re.compile(
        r"pypi\.org|pythonhosted|deb\.debian\.org|registry\.npmjs|/root/|/work/"
    )
    texts = [p for p in ROOT.glob("*") if p.is_file() and not p.match("bench*.json")] + [
        p
        for folder in ("agent", "docs", "packaging", "systemd", ".ci")
        for p in (ROOT / folder).rglob("*")
        if p.is_file() and p.suffix in {"", ".py", ".md", ".toml", ".txt", ".svg", ".service"}
    ]

    assert [p.name for p in texts if suspicious.search(p.read_text(errors="replace"))] == []
