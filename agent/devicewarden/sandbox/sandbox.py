"""Broker, proxy and services joined: what an agent takes for AWS IoT Core."""

import atexit
import contextlib
import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final, Self

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.agent_config import Section, merge, settings_for, to_toml
from devicewarden.sandbox.broker import Broker
from devicewarden.sandbox.cloud import ASKED, Cloud
from devicewarden.sandbox.defender import ALARMS, NAME, Defender
from devicewarden.sandbox.faults import find_fault
from devicewarden.sandbox.pki import Authority, Credentials, write_private
from devicewarden.sandbox.proxy import Proxy
from devicewarden.sandbox.told import Told
from devicewarden.sandbox.verdict import Judge, Received

# AWS's rule for thing names, and no longer than the common name of a certificate may be.
THING_NAME: Final = re.compile(r"[a-zA-Z0-9:_-]{1,64}")


class Sandbox:
    """Everything runs between `start` and `stop`, or inside `with`; nothing leaves the machine.

    Args:
        directory: gets certificates, configurations and logs; made if missing, private.
        judge: tells what is wrong with a report.
        things: the names of the devices that get a certificate and a configuration file.

    Raises:
        AgentError: a name that no thing can have, or Mosquitto is not installed.
    """

    def __init__(self, directory: Path, judge: Judge, things: Iterable[str] = ("edge-1",)) -> None:
        self.directory: Final = directory.absolute()
        self.things: Final = tuple(dict.fromkeys(things))
        for thing in self.things:
            _check_name(thing)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._authority = Authority(self.directory)
        self._credentials = {
            thing: self._authority.issue_client(self._folder("things", thing), thing)
            for thing in self.things
        }
        endpoint = self._authority.issue_client(self._folder("endpoint"), NAME)
        self.broker: Final = Broker(self._folder("broker"), self._authority, NAME)
        self.defender: Final = Defender(judge, self._authority.ca_file, endpoint)
        self.cloud: Final = Cloud(self._authority, endpoint)
        self.proxy: Proxy
        self._refused: frozenset[str] = frozenset()
        self._retired: frozenset[int] = frozenset()
        self._running = contextlib.ExitStack()
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and write a configuration file for each thing.

        Raises:
            AgentError: something did not start; nothing is left running.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self.broker.stop)
            self.broker.start()
            self.proxy = stack.enter_context(contextlib.closing(Proxy(self.broker.port)))
            stack.callback(self._disconnect)
            self._connect()
            for thing in self.things:
                self.write_config(thing)
            self._running = stack.pop_all()
        # Mosquitto would outlive a program that ends without leaving the `with`.
        atexit.register(self.stop)

    def stop(self) -> None:
        """End everything; harmless when nothing runs."""
        atexit.unregister(self.stop)
        self._running.close()

    @property
    def port(self) -> int:
        """Where agents connect to `localhost`."""
        return self.proxy.port

    @property
    def received(self) -> tuple[Received, ...]:
        """The last reports that reached the endpoint, oldest first."""
        return self.defender.received

    def watch(self) -> SimpleQueue[Received]:
        """Open a queue that gets every report from now on, after its reply was sent."""
        return self.defender.watch()

    def watch_violations(self) -> SimpleQueue[Told]:
        """Open a queue that gets every message on a violation from now on."""
        return self.defender.watch_violations()

    def credentials(self, thing: str) -> Credentials:
        """Find a thing's certificate and key.

        Raises:
            AgentError: the sandbox has no such thing.
        """
        if thing not in self._credentials:
            known = ", ".join(self.things)
            raise AgentError(f"the sandbox has no thing {thing!r}", hint=f"it has {known}")
        return self._credentials[thing]

    @property
    def ca_file(self) -> Path:
        """The certificate that the broker's is checked against."""
        return self._authority.ca_file

    def settings_for(self, thing: str) -> Mapping[str, Section]:
        """Tell what an agent has to be told: section -> setting -> value."""
        return settings_for(thing, self.credentials(thing), port=self.port, ca_file=self.ca_file)

    def write_config(self, thing: str, changes: Mapping[str, Section] | None = None) -> Path:
        """Write the thing's `config.toml`, with these settings changed or added, over the last."""
        path = self.credentials(thing).cert_file.with_name("config.toml")
        (path.parent / "state").mkdir(mode=0o700, exist_ok=True)
        settings = merge(self.settings_for(thing), changes or {})
        write_private(path, to_toml(settings).encode())
        return path

    def write_profile(self, thing: str, profile: Mapping[str, Any]) -> Path:
        """Write a security profile where the thing's agent looks at its start and at SIGHUP."""
        folder = self.credentials(thing).cert_file.with_name("profiles")
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{profile['securityProfileName']}.json"
        path.write_text(json.dumps(profile, indent=2))
        return path

    def do(self, words: Sequence[str]) -> str:
        """Do what a second terminal asks for: something with jobs, the alarms, or a fault.

        Raises:
            AgentError: not understood.
        """
        if words[0] == ALARMS:
            return json.dumps([told.document for told in self.defender.alarms])
        if words[0] != ASKED:
            return self.fault(*words)
        for thing in words[2:3]:
            self.credentials(thing)
        return self.cloud.do(words[1:])

    def fault(self, name: str, *arguments: object) -> str:
        """Make something go wrong; `faults.py` has the table.

        Returns:
            What happens now, in one line.

        Raises:
            AgentError: no such fault, thing, or kind of argument.
        """
        fault = find_fault(name)
        values = fault.parse([str(argument) for argument in arguments])
        with self._lock:
            fault.cause(self, *values)
        return f"{name}: {fault.summary}"

    def revoke(self, thing: str) -> None:
        """Refuse the thing's certificate, and end its connection."""
        self._refuse(self._refused | {self._known(thing)})

    def allow(self, thing: str) -> None:
        """Take the thing's certificate again."""
        self._refuse(self._refused - {self._known(thing)})

    def retire(self, serials: Iterable[int]) -> None:
        """Refuse certificates by their serial numbers for ever, and end all connections."""
        self._retired |= frozenset(serials)
        self._write_refused()

    def normal(self) -> None:
        """End every fault."""
        self.defender.obey_nothing()
        self.broker.allow_reports(allowed=True)
        self._refuse(frozenset())
        self.proxy.normal()

    def restart_broker(self) -> None:
        """Start the broker anew on its port; agents get in once the endpoint is subscribed."""
        with self.proxy.closed():
            self._disconnect()
            self.broker.stop()
            self.broker.start()
            self._connect()

    def _connect(self) -> None:
        self.defender.connect(self.broker.port)
        self.cloud.connect(self.broker.port)

    def _disconnect(self) -> None:
        self.cloud.disconnect()
        self.defender.disconnect()

    def _known(self, thing: str) -> str:
        self.credentials(thing)
        return thing

    def _refuse(self, things: frozenset[str]) -> None:
        if things == self._refused:
            return
        self._refused = things
        self._write_refused()

    def _write_refused(self) -> None:
        serials = frozenset(self._credentials[thing].serial for thing in self._refused)
        self._authority.refuse(serials | self._retired)
        # Mosquitto reads the list again on SIGHUP too, but does not tell when it has, and leaves
        # open connections open.
        self.restart_broker()

    def _folder(self, *names: str) -> Path:
        folder = self.directory.joinpath(*names)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def _check_name(thing: str) -> None:
    if not THING_NAME.fullmatch(thing) or thing == NAME:
        raise AgentError(
            f"{thing!r} cannot be the name of a thing here",
            hint=f"1 to 64 of a-z A-Z 0-9 : _ -, and not {NAME}",
        )
