"""AWS IoT policies: the version that holds."""

from collections.abc import Iterator

from devicewarden.audit.account.each import Reader
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import IotPolicy
from devicewarden.aws.calls import Calls


def read_policies(calls: Calls, workers: int) -> Iterator[IotPolicy | Unreadable]:
    """Read all policies of the account; other versions hold for nobody."""
    names = (
        policy["policyName"]
        for page in calls.pages("iot:ListPolicies", pageSize=250)
        for policy in page["policies"]
    )

    def read(name: str) -> IotPolicy:
        policy = calls.call("iot:GetPolicy", policyName=name)
        return IotPolicy(
            name=name,
            version=policy["defaultVersionId"],
            document=policy["policyDocument"].encode(errors="replace"),
        )

    yield from Reader(read, str, (IotPolicy,), workers).each(names)
