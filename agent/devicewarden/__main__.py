"""`python -m devicewarden` and the `devicewarden` command."""

import sys


def main() -> int:
    """Run a command and return its exit status.

    The daemon started in the usual way never loads click: it would keep its memory for years.
    """
    if sys.argv[1:2] == ["run"]:
        from devicewarden.cli import resident  # noqa: PLC0415  see above

        if arguments := resident.arguments_of(sys.argv[2:]):
            return resident.main(arguments)
    from devicewarden.cli.main import main as command  # noqa: PLC0415  see above

    return command()


if __name__ == "__main__":
    sys.exit(main())
