"""How another Python process of our own is started: its arguments and its environment."""

import os
import sys


def own_python(module: str, *words: str) -> tuple[list[str], dict[str, str]]:
    """Tell how a module of ours is run by the interpreter and the libraries of this process.

    The interpreter's path is ours: -P keeps the current folder out, and -S all other libraries,
    among them usercustomize.py in the agent's home, which the agent may write.

    Args:
        module: what `python -m` takes.
        words: its arguments.

    Returns:
        The argument list and the environment.
    """
    path = os.pathsep.join(filter(None, sys.path))
    argv = [sys.executable, "-P", "-S", "-m", module, *words]
    return argv, {**os.environ, "PYTHONPATH": path}
