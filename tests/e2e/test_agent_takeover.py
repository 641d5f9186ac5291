"""Another client takes the agent's client id: the broker says so, and the agent remembers it."""

import asyncio
from pathlib import Path

import pytest
from tests.e2e.agent_process import DEADLINE_S, AgentProcess
from tests.e2e.publish.faulty.conftest import CONNECT, SUBSCRIBE, Faulty

from devicewarden.config.settings import StateSettings
from devicewarden.state.look import look
from devicewarden.state.takeovers import read_takeovers

pytestmark = pytest.mark.e2e
SESSION_TAKEN_OVER = 0x8E


def config(folder: Path, port: int) -> Path:
    file = folder / "config.toml"
    file.write_text(
        f'[publish]\nendpoint = "127.0.0.1"\nport = {port}\ntls = false\nfirst_wait_s = 0.1\n'
        f'[state]\ndir = "{folder}/state"\n'
        f'[control]\nsocket = "{folder}/control.sock"\n'
    )
    return file


def test_a_takeover_is_there_for_the_next_audit(tmp_path: Path) -> None:
    async def main() -> None:
        async with Faulty().listening() as broker, asyncio.timeout(DEADLINE_S):
            with AgentProcess(config(tmp_path, broker.port)) as agent:
                await broker.next(SUBSCRIBE)
                broker.disconnect(SESSION_TAKEN_OVER)
                await broker.next(CONNECT)
                await asyncio.to_thread(agent.end)

    asyncio.run(main())

    assert len(look(StateSettings(dir=str(tmp_path / "state")), read_takeovers)) == 1
