"""How an error is told to people, and the exit status that goes with it."""

import sys
from typing import Final

from devicewarden.model.errors import AgentError, ConfigError

EXIT_FAILED: Final = 70
EXIT_CONFIG: Final = 78


def tell(error: AgentError) -> int:
    """Print an error, or each problem of a configuration, on standard error; give the status."""
    if isinstance(error, ConfigError) and error.problems:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return EXIT_CONFIG
    print(f"devicewarden: {error}" + (f" ({error.hint})" if error.hint else ""), file=sys.stderr)
    return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_FAILED
