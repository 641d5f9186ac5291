"""Starts the agent as a Greengrass component: its configuration becomes environment variables.

It is `__main__.py` of the artifact. A number in a recipe written in YAML arrives as a string; in
the environment every value is one, and is read by the type of its setting.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

CONFIGURATION: Final = "DEVICEWARDEN_COMPONENT_CONFIGURATION"
WORK: Final = "DEVICEWARDEN_COMPONENT_WORK"
LEAST_PYTHON: Final = (3, 11)
CONFIGURATION_STATUS: Final = 78


def main() -> int:
    """Run the agent in a component; any other command line is the agent's own."""
    if tuple(sys.version_info) < LEAST_PYTHON:
        return _refuse("devicewarden needs Python 3.11 or later")
    if sys.argv[1:] == ["component"]:
        try:
            os.environ.update(variables(os.environ))
        except ValueError as error:
            return _refuse(f"the component's configuration: {error}")
        here = Path(__file__).parent
        sys.argv[1:] = ["run", "--config", str(here / "component.toml")]
    sys.argv[0] = "devicewarden"
    from devicewarden.__main__ import main as agent  # noqa: PLC0415  older Pythons cannot read it

    return agent()


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Turn the component's configuration and work folder into the agent's variables.

    Raises:
        ValueError: not an object of sections, which are objects of settings.
    """
    work = Path(environ[WORK])
    found = {
        "DEVICEWARDEN_PUBLISH__ENDPOINT": "greengrass",
        "DEVICEWARDEN_THING__NAME": environ["AWS_IOT_THING_NAME"],
        "DEVICEWARDEN_STATE__DIR": str(work / "state"),
        "DEVICEWARDEN_CONTROL__SOCKET": str(work / "control.sock"),
        # The process that judges the configuration keeps its byte code there too.
        "PYTHONPYCACHEPREFIX": str(work / "cache"),
    }
    sections = json.loads(environ[CONFIGURATION])
    return found | dict(_settings(sections))


def _settings(sections: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(sections, dict):
        raise ValueError("agent must be an object")  # noqa: TRY004  the caller handles one kind
    for section, settings in sections.items():
        if not isinstance(settings, dict):
            raise ValueError(f"agent.{section} must be an object")  # noqa: TRY004  see above
        for name, value in settings.items():
            text = value if isinstance(value, str) else json.dumps(value)
            yield f"DEVICEWARDEN_{section}__{name}".upper(), text


def _refuse(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return CONFIGURATION_STATUS


if __name__ == "__main__":
    sys.exit(main())
