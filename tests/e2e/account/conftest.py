"""AWS on loopback, for tests of the account."""

from collections.abc import Iterator

import pytest
from tests.e2e.account.server import AwsServer, serving


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """Serve an empty account that logs nothing, and have credentials for it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with serving() as server:
        server.reset()
        server.answers["iot:GetV2LoggingOptions"] = {"defaultLogLevel": "DISABLED"}
        server.answers["iot:GetLoggingOptions"] = {"logLevel": "DISABLED"}
        yield server
