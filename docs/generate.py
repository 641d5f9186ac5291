"""Write what is made from the code: sample configuration, table of settings, checks and actions."""
# ruff: noqa: INP001  a script that `make docs` runs; docs/ is no package

from pathlib import Path

from devicewarden.audit import reference as checks
from devicewarden.audit import registry
from devicewarden.config import reference, sample
from devicewarden.mitigate import reference as actions
from devicewarden.mitigate.account.registry import KINDS as IN_ACCOUNT
from devicewarden.mitigate.registry import KINDS as ON_DEVICE

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write every generated file where it belongs; tests fail when one is stale."""
    (ROOT / "packaging/config/config.toml").write_text(sample.render(), encoding="utf-8")
    guide = ROOT / "docs/configuration.md"
    guide.write_text(reference.fill(guide.read_text(encoding="utf-8")), encoding="utf-8")
    text = checks.render(check.meta for check in registry.checks())
    (ROOT / "docs/checks.md").write_text(text, encoding="utf-8")
    metas = [kind.meta for kind in ON_DEVICE.values()]
    text = actions.render([*metas, *(kind.meta for kind in IN_ACCOUNT.values())])
    (ROOT / "docs/actions.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
