"""One of the cloud's services, as an MQTT client that answers what devices say."""

import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeAlias

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.jobs import Message
from devicewarden.sandbox.pki import Credentials

CONNECT_TIMEOUT_S: Final = 10.0
HOST: Final = "127.0.0.1"

Answer: TypeAlias = Callable[[str, bytes], Sequence[Message]]
"""Topic and payload of a request -> what is to be published at once."""


class Endpoint:
    """Answers what comes on these topics.

    Args:
        name: MQTT client id.
        ca_file: the broker's authority.
        credentials: of the client that the broker lets read and write everything.
        topics: filters of the requests.
        answer: called on the client's own thread.
    """

    def __init__(
        self,
        name: str,
        ca_file: Path,
        credentials: Credentials,
        topics: Iterable[str],
        answer: Answer,
    ) -> None:
        self._name = name
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._tls.load_cert_chain(credentials.cert_file, credentials.key_file)
        self._topics = tuple(topics)
        self._answer = answer
        self._subscribed = threading.Event()
        self._watchers: list[SimpleQueue[Message]] = []
        self._client: Client | None = None

    def watch(self) -> SimpleQueue[Message]:
        """Open a queue that gets every request from now on, before it is answered."""
        watcher: SimpleQueue[Message] = SimpleQueue()
        self._watchers = [*self._watchers, watcher]
        return watcher

    def connect(self, port: int) -> None:
        """Connect to the broker on this port of loopback and wait for the subscription.

        Raises:
            AgentError: not connected and subscribed within CONNECT_TIMEOUT_S.
        """
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._name)
        client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_request
        self._subscribed.clear()
        self._client = client
        try:
            client.connect(HOST, port)
        except OSError as error:
            raise AgentError(f"the endpoint cannot reach the broker: {error}") from error
        client.loop_start()
        if not self._subscribed.wait(CONNECT_TIMEOUT_S):
            raise AgentError("the broker did not answer the endpoint's subscription")

    def disconnect(self) -> None:
        """Leave the broker. Harmless when not connected."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def publish(self, messages: Iterable[Message]) -> None:
        """Tell devices something; nothing happens while there is no connection."""
        client = self._client
        if client is not None:
            for message in messages:
                client.publish(message.topic, message.payload, qos=1)

    def _on_connect(
        self,
        client: Client,
        _data: Any,
        _flags: ConnectFlags,
        code: ReasonCode,
        _: Properties | None,
    ) -> None:
        if not code.is_failure:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _: Properties | None
    ) -> None:
        if not any(code.is_failure for code in codes):
            self._subscribed.set()

    def _on_request(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        request = Message(message.topic, bytes(message.payload))
        for watcher in self._watchers:
            watcher.put(request)
        self.publish(self._answer(request.topic, request.payload))
