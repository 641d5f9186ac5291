"""Starts the agent with the libraries that came with it, and no others (python3 -IS)."""

import sys

sys.argv[0] = "devicewarden"
sys.path[:0] = ["/usr/lib/devicewarden", "/usr/lib/devicewarden/vendor"]

from devicewarden.__main__ import main  # noqa: E402  found by the line above

sys.exit(main())
