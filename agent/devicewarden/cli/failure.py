"""How an error is told to people, and the exit status that goes with it."""

import sys
from typing import Final

from devicewarden.cli.rows import printable
from devicewarden.model.errors import AgentError, ConfigError

EXIT_FAILED: Final = 70
EXIT_CONFIG: Final = 78


def tell(error: AgentError) -> int:
    """Print an error, or each problem of a configuration, on standard error; give the status."""
    if isinstance(error, ConfigError) and error.problems:
        for problem in error.problems:
            _print(str(problem))
        return EXIT_CONFIG
    _print(f"devicewarden: {error}" + (f" ({error.hint})" if error.hint else ""))
    return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_FAILED


def _print(text: str) -> None:
    # It may hold what a broker, a file or another process said.
    print("\n".join(map(printable, text.split("\n"))), file=sys.stderr)
