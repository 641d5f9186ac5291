"""Publishes one message with the settings in its argument; a process of its own for its test."""

import asyncio
import json
import sys

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError
from devicewarden.publish.awscrt_mqtt import AwsCrtPublisher


async def main(settings: PublishSettings) -> str:
    try:
        publisher = AwsCrtPublisher(settings, "edge-1", "edge-1")
    except ConfigError as error:
        return f"ConfigError: {error} ({error.hint})"
    await publisher.start()
    await asyncio.wait_for(publisher.ready(), 20)
    await publisher.publish("report", b"report", qos=1)
    await publisher.stop()
    return "published"


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(main(PublishSettings(**json.loads(sys.argv[1])))) + "\n")
