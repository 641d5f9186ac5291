"""A process that makes a key, or removes one from its token, and ends, cryptography with it."""

import base64
import dataclasses
import json
import sys

from devicewarden.identity.key_request import make_key
from devicewarden.identity.token import Token
from devicewarden.model.errors import AgentError
from devicewarden.model.identity import KeyRequest


def main() -> None:
    """Do what the JSON on standard input asks for, and print what was made, or why it was not."""
    asked = json.loads(sys.stdin.buffer.read())
    request = KeyRequest(**asked["request"])
    try:
        told = {} if asked["remove"] else _made(request)
        if asked["remove"]:
            Token(request).remove()
    except (AgentError, OSError) as error:
        told = {"error": str(error), "hint": getattr(error, "hint", "")}
    print(json.dumps(told))


def _made(request: KeyRequest) -> dict[str, str]:
    made = make_key(request)
    return {**dataclasses.asdict(made), "public_key": base64.b64encode(made.public_key).decode()}


if __name__ == "__main__":
    main()
