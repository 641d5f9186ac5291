"""Write what is made from the code: the sample configuration and the table of settings."""
# ruff: noqa: INP001  a script that `make docs` runs; docs/ is no package

from pathlib import Path

from devicewarden.config import reference, sample

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write every generated file where it belongs; tests fail when one is stale."""
    (ROOT / "packaging/config/config.toml").write_text(sample.render(), encoding="utf-8")
    guide = ROOT / "docs/configuration.md"
    guide.write_text(reference.fill(guide.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
