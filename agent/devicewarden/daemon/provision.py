"""A first identity for a new device: by a claim certificate, without the daemon."""

import asyncio
import dataclasses
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from devicewarden.config.identity import Facts, with_generation
from devicewarden.config.settings import Settings
from devicewarden.daemon.rotation import parameters_of
from devicewarden.model.errors import ConfigError, ProvisioningError
from devicewarden.model.identity import KeyRequest, MadeKey
from devicewarden.publish.connect import open_provisioning, open_publisher
from devicewarden.publish.provisioning import ProvisioningChannel, Registered
from devicewarden.publish.publisher import Publisher
from devicewarden.state.identity_folder import IdentityFolder


def provision(
    settings: Settings,
    claim: Settings,
    make_key: Callable[[KeyRequest], MadeKey],
    parameters: Mapping[str, str],
) -> Registered:
    """Get key, certificate and thing, try them, and put them in force.

    Args:
        settings: in force; they name state folder and template.
        claim: the same with the claim's certificate and key.
        make_key: makes a key in a folder, and a request.
        parameters: what the template is told besides `provisioning.parameters`.

    Raises:
        ConfigError: no broker, no template, or a claim that cannot be used.
        ProvisioningError: there is an identity already, the service refused, or what it gave does
            not connect; nothing is in force then that was not before.
        PublishError: the broker was lost on the way.
    """
    return asyncio.run(_provision(settings, claim, make_key, parameters))


async def _provision(
    settings: Settings,
    claim: Settings,
    make_key: Callable[[KeyRequest], MadeKey],
    parameters: Mapping[str, str],
) -> Registered:
    folder = IdentityFolder(Path(settings.state.dir))
    try:
        if folder.current():
            raise ProvisioningError(
                "this device has an identity of its own", hint="to get another: devicewarden rotate"
            )
        plan = folder.begin("", in_token=False)
        request = KeyRequest(
            folder=str(folder.path(plan.new)),
            thing=settings.thing.name,
            old_certificate=settings.publish.cert_file,
        )
        made = make_key(request)
        async with _connected(_as_claim(claim)) as channel:
            issued = await channel.create(made.request, made.public_key)
            told = {**parameters_of(settings), **parameters}
            registered = await channel.register(issued.token, told)
        facts = Facts(
            certificate_id=issued.certificate_id, thing=registered.thing, replaces=made.old_file
        )
        folder.complete(plan, issued.certificate, facts)
        await _try(with_generation(settings, folder.path(plan.new), facts), registered.thing)
        folder.give_to_owner()
        folder.switch(plan)
        folder.forget()
        folder.give_to_owner()
    except OSError as error:
        raise ProvisioningError(f"the identity cannot be kept: {error}") from error
    return registered


def _as_claim(claim: Settings) -> Settings:
    # Claims are shared: two devices under one client id would throw each other out.
    client_id = f"{claim.thing.name}-{secrets.token_hex(4)}"
    thing = dataclasses.replace(claim.thing, client_id=client_id)
    publish = dataclasses.replace(claim.publish, presence_topic="", session_expiry_s=0)
    return dataclasses.replace(claim, thing=thing, publish=publish)


@asynccontextmanager
async def _connected(claim: Settings) -> AsyncIterator[ProvisioningChannel]:
    publisher = open_publisher(claim)
    channel = open_provisioning(claim, publisher)
    if channel is None:
        raise ConfigError("no certificates come this way", hint="set provisioning.template")
    async with _running(publisher, claim):
        yield channel


async def _try(settings: Settings, thing: str) -> None:
    named = dataclasses.replace(settings.thing, name=thing, client_id=thing)
    publish = dataclasses.replace(settings.publish, presence_topic="")
    settings = dataclasses.replace(settings, thing=named, publish=publish)
    async with _running(open_publisher(settings), settings):
        pass


@asynccontextmanager
async def _running(publisher: Publisher, settings: Settings) -> AsyncIterator[None]:
    await publisher.start()
    try:
        async with asyncio.timeout(settings.provisioning.try_s):
            await publisher.ready()
        yield
    except TimeoutError:
        now = publisher.connection
        raise ProvisioningError(f"not connected: {now.last_error}", hint=now.hint) from None
    finally:
        await publisher.stop()
