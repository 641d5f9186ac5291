"""Listens on port 443, lets an agent connect and prints the protocol that both agreed on.

Arguments: MQTT library, certificate and key of the server, CA, certificate and key of the agent.
"""

import asyncio
import ssl
import sys
from typing import Any

from devicewarden.config.settings import PublishSettings, Settings, ThingSettings
from devicewarden.publish.connect import open_publisher


async def main(library: Any, server_cert: str, server_key: str, *files: str) -> str | None:
    ca, cert, key = files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_cert, server_key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["http/1.1", "x-amzn-mqtt-ca"])
    agreed: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not agreed.done():
            agreed.set_result(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 443, ssl=context):
        settings = PublishSettings(
            endpoint="127.0.0.1",
            library=library,
            port=443,
            ca_file=ca,
            cert_file=cert,
            key_file=key,
        )
        publisher = open_publisher(Settings(thing=ThingSettings("edge-1"), publish=settings))
        await publisher.start()
        result = await asyncio.wait_for(agreed, 20)
        await publisher.stop()
    return result


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(main(*sys.argv[1:]))}\n")
