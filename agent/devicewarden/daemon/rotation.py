"""Another identity for the device: made, tried, and only then put in force; never none, never two.

What happens when the power goes: before the certificate is here, the half-made identity is
discarded at the next start. From then on the new one is tried: the device ends with it, or with
the old one where it does not connect. One rename on disk decides.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

import structlog

from devicewarden.config.identity import Facts, with_generation
from devicewarden.config.settings import Settings
from devicewarden.daemon.children import Children
from devicewarden.daemon.trial import HasWay, StillWanted, Trial
from devicewarden.model.errors import ProvisioningError, PublishError
from devicewarden.model.identity import KeyRequest, MadeKey
from devicewarden.publish.provisioning import Issued, ProvisioningChannel
from devicewarden.state.identity_folder import IdentityFolder, Plan
from devicewarden.state.job_memory import JobEnd

log = structlog.get_logger()
Adopt: TypeAlias = Callable[[Callable[[Settings], Settings]], Awaitable[None]]


class Rotation:
    """Rotates the identity of one device, one rotation at a time.

    Attributes:
        settings: in force.
        phase: of a rotation under way; empty: there is none.
        last: how the last one ended, since the start.

    Args:
        settings: in force at first.
        folder: where identities lie.
        way: to the broker.
        children: make keys.
        adopt: told how the new identity is put into settings, once it is in force on disk.
    """

    def __init__(
        self,
        settings: Settings,
        folder: IdentityFolder,
        way: HasWay,
        children: Children,
        adopt: Adopt,
    ) -> None:
        self.settings = settings
        self.phase = ""
        self.last: JobEnd | None = None
        self._folder = folder
        self._way = way
        self._trial = Trial(way)
        self._children = children
        self._adopt = adopt
        self._one_at_a_time = asyncio.Lock()

    async def rotate(
        self, *, job_id: str = "", certificate_id: str = "", still_wanted: StillWanted
    ) -> JobEnd:
        """Get another identity, or go on where a power loss stopped this same job.

        Args:
            job_id: who wants it; empty: somebody at the device.
            certificate_id: rotate only if this certificate is in force; empty: any.
            still_wanted: asked over the connection with the new identity.
        """
        async with self._one_at_a_time:
            try:
                plan, end = self._folder.plan(), None
                if plan is not None and plan.job_id == job_id and job_id:
                    end = await self._resumed(plan, still_wanted)
                self.last = end or await self._rotated(job_id, certificate_id, still_wanted)
            except (ProvisioningError, PublishError, OSError) as error:
                self.last = JobEnd("FAILED", {"reason": str(error)})
            finally:
                self.phase = ""
            log.info("rotation_ended", status=self.last.status, **self.last.details)
            return self.last

    async def resume(self, still_wanted: Callable[[str], Awaitable[bool]]) -> None:
        """End what a power loss interrupted, whoever wanted it; nothing to end is no error."""
        async with self._one_at_a_time:
            try:
                plan = self._folder.plan()
                if plan is not None:
                    self.last = await self._resumed(plan, lambda: still_wanted(plan.job_id))
            except (ProvisioningError, PublishError, OSError) as error:
                log.warning("rotation_not_resumed", error=str(error))
            finally:
                self.phase = ""

    def forget(self) -> None:
        """Take what is noted of a rotation away: how it ended is known elsewhere."""
        try:
            self._folder.forget()
        except OSError as error:
            log.warning("rotation_not_forgotten", error=str(error))

    async def _rotated(self, job_id: str, certificate_id: str, still_wanted: StillWanted) -> JobEnd:
        channel = self._channel()
        publish = self.settings.publish
        if publish.pkcs11_library and not publish.pkcs11_key_label:
            # "The only one" names none any more once a second key is in the token.
            raise ProvisioningError("publish.pkcs11_key_label has to name the present key")
        plan = self._folder.begin(job_id, in_token=bool(publish.pkcs11_library))
        self._note(plan)
        try:
            made = await self._children.make_key(self._key_request(plan))
            if certificate_id not in {"", made.old_id}:
                await self._discard(plan)
                return JobEnd("REJECTED", {"reason": "certificateId names another certificate"})
            issued = await channel.create(made.request, made.public_key)
            self._folder.complete(plan, issued.certificate, self._facts(plan, issued, made))
            plan = replace(
                plan,
                phase="issued",
                old_id=made.old_id,
                new_id=issued.certificate_id,
                token=issued.token,
            )
            self._folder.keep(plan)
            await self._register(plan)
        except (ProvisioningError, PublishError):
            await self._discard(plan)
            raise
        return await self._tried(plan, still_wanted)

    async def _resumed(self, plan: Plan, still_wanted: StillWanted) -> JobEnd | None:
        """Go on with a plan; None: it came to nothing, and is gone."""
        log.info("rotation_resumed", phase=plan.phase, job=plan.job_id)
        if self._folder.current() == plan.new:
            return await self._committed(plan)
        if plan.phase == "making" or self._folder.facts(plan.new) is None:
            await self._discard(plan)
            return None
        if plan.phase == "issued":
            try:
                await self._trial.ready(self.settings)
                await self._register(plan)
            except (ProvisioningError, PublishError) as error:
                # It may have been registered before the power went: the broker will tell.
                log.info("rotation_not_registered_again", error=str(error))
        return await self._tried(plan, still_wanted)

    async def _register(self, plan: Plan) -> None:
        self._note(plan)
        parameters = parameters_of(self.settings)
        await self._channel().register(plan.token, parameters, thing=self.settings.thing.name)

    async def _tried(self, plan: Plan, still_wanted: StillWanted) -> JobEnd:
        """Connect with the new identity, and end with it, or with the old one."""
        facts = self._folder.facts(plan.new)
        if facts is None:
            raise ProvisioningError("the new identity cannot be read")
        plan = replace(plan, phase="trying", token="")
        self._folder.keep(plan)
        self._note(plan)
        path = self._folder.path(plan.new)
        while True:
            async with self._way.turn:
                why = await self._trial.refusal(
                    with_generation(self.settings, path, facts), still_wanted
                )
                why = why or self._switch(plan)
                if not why:
                    break
                log.warning("identity_not_taken", error=why)
                old_connects = await self._trial.connects(self.settings)
            # Where neither connects, the broker is away, or has let the old one go: both stay.
            if old_connects:
                await self._discard(plan)
                return JobEnd("FAILED", {"reason": f"the new certificate: {why}"})
        await self._adopt(lambda settings: with_generation(settings, path, facts))
        return await self._committed(plan)

    def _switch(self, plan: Plan) -> str:
        try:
            self._folder.switch(plan)
        except OSError as error:
            return str(error)
        return ""

    async def _committed(self, plan: Plan) -> JobEnd:
        """Retire what the new identity replaced."""
        for facts in self._folder.others():
            await self._remove_key(facts.key_label)
        self._folder.clean()
        if not plan.job_id:
            self._folder.forget()
        details = {"newCertificateId": plan.new_id, "oldCertificateId": plan.old_id}
        return JobEnd("SUCCEEDED", {name: told for name, told in details.items() if told})

    async def _discard(self, plan: Plan) -> None:
        await self._remove_key(plan.key_label)
        self._folder.forget()

    async def _remove_key(self, label: str) -> None:
        if not label:
            return
        try:
            await self._children.remove_key(self._key_request(label=label))
        except ProvisioningError as error:
            log.warning("key_not_removed", label=label, error=str(error))

    def _channel(self) -> ProvisioningChannel:
        channel = None if self._way.link is None else self._way.link.provisioning
        if channel is None:
            raise ProvisioningError(
                "this device gets no certificates over MQTT", hint="set provisioning.template"
            )
        return channel

    def _facts(self, plan: Plan, issued: Issued, made: MadeKey) -> Facts:
        present = self._folder.facts(self._folder.current())
        return Facts(
            certificate_id=issued.certificate_id,
            thing=self.settings.thing.name,
            # What was configured, however many generations ago: another one ends them all.
            replaces=made.old_file if present is None else present.replaces,
            key_label=plan.key_label,
        )

    def _key_request(self, plan: Plan | None = None, *, label: str = "") -> KeyRequest:
        publish = self.settings.publish
        return KeyRequest(
            folder="" if plan is None else str(self._folder.path(plan.new)),
            thing=self.settings.thing.name,
            old_certificate=publish.cert_file,
            pkcs11_library=publish.pkcs11_library,
            pkcs11_pin_file=publish.pkcs11_pin_file,
            pkcs11_token_label=publish.pkcs11_token_label,
            pkcs11_slot=publish.pkcs11_slot,
            key_label=label if plan is None else plan.key_label,
        )

    def _note(self, plan: Plan) -> None:
        self.phase = plan.phase
        log.info("rotation_phase", phase=plan.phase, job=plan.job_id)


def parameters_of(settings: Settings) -> dict[str, str]:
    """Tell what the provisioning template is told."""
    pairs = (parameter.partition("=") for parameter in settings.provisioning.parameters)
    return {name: value.replace("{thing}", settings.thing.name) for name, _, value in pairs}
