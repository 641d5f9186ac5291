"""Write what is made from the code: sample configuration, table of settings, list of checks."""
# ruff: noqa: INP001  a script that `make docs` runs; docs/ is no package

from pathlib import Path

from devicewarden.audit import reference as checks
from devicewarden.audit import registry
from devicewarden.config import reference, sample

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write every generated file where it belongs; tests fail when one is stale."""
    (ROOT / "packaging/config/config.toml").write_text(sample.render(), encoding="utf-8")
    guide = ROOT / "docs/configuration.md"
    guide.write_text(reference.fill(guide.read_text(encoding="utf-8")), encoding="utf-8")
    text = checks.render(check.meta for check in registry.checks())
    (ROOT / "docs/checks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
