"""Has another process make keys: the daemon has no cryptography, and never will."""

import asyncio
import base64
import dataclasses
import json
from typing import Any, Final

from devicewarden.config.own_python import own_python
from devicewarden.model.errors import ProvisioningError
from devicewarden.model.identity import KeyRequest, MadeKey

WITHIN_S: Final = 300.0
"""A key of RSA on the smallest Pi takes a minute or two."""


async def make_key(request: KeyRequest) -> MadeKey:
    """Make a key and a request; whoever cancels this ends the other process too.

    Raises:
        ProvisioningError: it was not made.
    """
    told = await _asked(request, remove=False)
    return MadeKey(**{**told, "public_key": base64.b64decode(told["public_key"])})


async def remove_key(request: KeyRequest) -> None:
    """Remove a key from its token.

    Raises:
        ProvisioningError: it was not removed.
    """
    await _asked(request, remove=True)


async def _asked(request: KeyRequest, *, remove: bool) -> dict[str, Any]:
    asked = json.dumps({"request": dataclasses.asdict(request), "remove": remove}).encode()
    told = await _output(asked)
    if "error" in told:
        raise ProvisioningError(told["error"], hint=told["hint"])
    return told


async def _output(asked: bytes) -> dict[str, Any]:
    argv, environment = own_python("devicewarden.cli.key_child")
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise ProvisioningError(f"no key was made: {error.strerror}") from error
    try:
        async with asyncio.timeout(WITHIN_S):
            output, complaint = await process.communicate(asked)
    except TimeoutError:
        raise ProvisioningError(f"no key was made within {WITHIN_S:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        told: dict[str, Any] = json.loads(output)
    except ValueError:
        last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise ProvisioningError(f"no key was made: {last[:200]}") from None
    return told
