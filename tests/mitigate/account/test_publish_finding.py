"""A finding goes to a topic of SNS as AWS writes it."""

import json

import pytest
from tests.e2e.account.filled import client
from tests.mitigate.account.conftest import Cloud
from tests.mitigate.account.scene import ACCOUNT, Memory, account, case, outcomes, planned, runner

from devicewarden.mitigate.account.undo import undo
from devicewarden.model.action_params import PublishFindingToSns
from devicewarden.model.errors import MitigationError

pytestmark = pytest.mark.e2e

TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:findings"


def test_a_finding_is_published_as_aws_does(cloud: Cloud) -> None:
    sns, sqs = client(cloud.server, "sns"), client(cloud.server, "sqs")
    sns.create_topic(Name="findings")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)

    found = outcomes(runner(cloud.calls, Memory(), PublishFindingToSns(TOPIC)), case({}))

    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert found == [("SUCCESSFUL", "")]
    assert json.loads(json.loads(message["Body"])["Message"]) == {
        "findingId": "f" * 32,
        "taskStartTime": 1500,
        "findingTime": 2250,
    }


def test_what_was_published_cannot_be_undone(cloud: Cloud) -> None:
    client(cloud.server, "sns").create_topic(Name="findings")
    ledger = Memory()
    made = runner(cloud.calls, ledger, PublishFindingToSns(TOPIC))
    (done,) = made.run(case({}), planned(made))

    with pytest.raises(MitigationError, match="cannot be taken back"):
        undo(account(cloud.calls, ledger), done.action_id)


def test_a_missing_topic_is_told(cloud: Cloud) -> None:
    ((status, message),) = outcomes(
        runner(cloud.calls, Memory(), PublishFindingToSns(TOPIC)), case({})
    )

    assert status == "FAILED"
    assert "does not exist" in message
