"""What people read of an error."""

import pytest

from devicewarden.cli.failure import tell
from devicewarden.model.errors import AgentError, ConfigError, Problem


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(AgentError("no \x1b[2J\nlast", hint="\x07"), id="error"),
        pytest.param(
            ConfigError("no", problems=(Problem("f:1", "no \x1b[2J\nlast", "\x07"),)), id="problem"
        ),
    ],
)
def test_an_error_writes_text_on_the_terminal_and_nothing_else(
    error: AgentError, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(error)

    told = capsys.readouterr().err
    assert "no ?[2J\nlast (?)\n" in told
    assert all(character.isprintable() for character in told.replace("\n", ""))
