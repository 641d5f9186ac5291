"""Starts the agent with the libraries that came with it, and no others (python3 -IS)."""

import sys

sys.argv[0] = "devicewarden"
sys.path[:0] = ["/usr/lib/devicewarden", "/usr/lib/devicewarden/vendor"]
if sys.implementation._multiarch == "arm-linux-gnueabihf":  # noqa: SLF001  sysconfig costs memory
    # Two libraries have no wheel for 32 bits: Debian's are found, after ours.
    sys.path.append("/usr/lib/python3/dist-packages")

from devicewarden.__main__ import main  # noqa: E402  found by the lines above

sys.exit(main())
