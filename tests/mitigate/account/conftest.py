"""AWS on loopback, and our way to it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from tests.audit.certificates import Issuer, pem
from tests.e2e.account.filled import NOW, client
from tests.e2e.account.server import REGION, AwsServer, serving

from devicewarden.aws.client import Client
from devicewarden.aws.open import open_client
from devicewarden.config.account_settings import AccountSettings
from devicewarden.mitigate.account.calls import ALL, DENIED_HINT


class Cloud:
    """An account: `server` plays it, `calls` is our way to it, `iot` the test's own."""

    def __init__(self, server: AwsServer) -> None:
        self.server = server
        self.calls = self.client()
        self.iot = client(server, "iot")

    def client(self, **changed: Any) -> Client:
        made = {"attempts": 2, "timeout_s": 5.0, **changed}
        settings = AccountSettings(region=REGION, endpoint_url=self.server.url, **made)
        return open_client(settings, ALL, DENIED_HINT)

    def certificate(self, *things: str, status: str = "ACTIVE") -> str:
        """Register a certificate that things have; give its id."""
        answer = self.iot.create_keys_and_certificate(setAsActive=True)
        own = str(answer["certificateId"])
        self.iot.update_certificate(certificateId=own, newStatus=status)
        for thing in things:
            self.iot.create_thing(thingName=thing)
            self.iot.attach_thing_principal(thingName=thing, principal=answer["certificateArn"])
        return own

    def ca(self) -> str:
        ca = Issuer("ca", begins=NOW, expires=NOW.replace(year=NOW.year + 1)).certificate
        text = pem(ca).decode()
        answer = self.iot.register_ca_certificate(
            caCertificate=text, verificationCertificate=text, setAsActive=True
        )
        return str(answer["certificateId"])

    def policy(self, *documents: str) -> None:
        """Make the policy `fleet`; the last document holds."""
        first, *rest = documents
        self.iot.create_policy(policyName="fleet", policyDocument=first)
        for document in rest:
            self.iot.create_policy_version(
                policyName="fleet", policyDocument=document, setAsDefault=True
            )

    def versions(self) -> dict[str, bool]:
        found = self.iot.list_policy_versions(policyName="fleet")["policyVersions"]
        return {each["versionId"]: each["isDefaultVersion"] for each in found}

    def statements(self) -> Any:
        """Give the statements of `fleet` that are in force."""
        return json.loads(self.iot.get_policy(policyName="fleet")["policyDocument"])["Statement"]

    def groups(self, thing: str) -> set[str]:
        found = self.iot.list_thing_groups_for_thing(thingName=thing)["thingGroups"]
        return {each["groupName"] for each in found}

    def status(self, certificate_id: str) -> str:
        answer = self.iot.describe_certificate(certificateId=certificate_id)
        return str(answer["certificateDescription"]["status"])

    def logging(self, **options: Any) -> dict[str, Any]:
        """Let the account have logging options, which moto does not know; they are what is set."""

        def put(asked: Any) -> dict[str, Any]:
            options.clear()
            options.update(json.loads(asked["body"]))
            return {}

        self.server.answers["iot:GetV2LoggingOptions"] = lambda _asked: options
        self.server.answers["iot:SetV2LoggingOptions"] = put
        return options


@pytest.fixture(scope="module")
def _cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    # Clients of boto3 take long to make.
    none = str(tmp_path_factory.mktemp("aws") / "none")
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, none)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with serving() as server:
            yield Cloud(server)


@pytest.fixture
def cloud(_cloud: Cloud) -> Cloud:
    server = _cloud.server
    server.reset()
    sns_backends.reset()
    sqs_backends.reset()
    for told in (server.answers, server.refused, server.silent, server.asked):
        told.clear()
    return _cloud
