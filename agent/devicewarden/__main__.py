"""`python -m devicewarden` and the `devicewarden` command."""

import sys

from devicewarden.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
