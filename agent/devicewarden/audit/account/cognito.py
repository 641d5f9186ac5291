"""Cognito identity pools, with the roles that their identities get."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from devicewarden.audit.account.each import Reader
from devicewarden.audit.account.roles import Roles
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import CognitoPool
from devicewarden.aws.calls import Calls

_MISSING = (CognitoPool,)


def read_pools(calls: Calls, roles: Roles, workers: int) -> Iterator[CognitoPool | Unreadable]:
    """Read all identity pools; one whose rules choose among roles comes once for each of them."""
    ids = (
        pool["IdentityPoolId"]
        for page in calls.pages("cognito-identity:ListIdentityPools", MaxResults=60)
        for pool in page["IdentityPools"]
    )

    def read(pool_id: str) -> tuple[CognitoPool, ...]:
        answer = calls.call("cognito-identity:GetIdentityPoolRoles", IdentityPoolId=pool_id)
        guest = answer.get("Roles", {}).get("unauthenticated")
        pairs = zip_longest(_signed_in(answer), [guest])
        return tuple(
            CognitoPool(
                pool_id=pool_id,
                authenticated=roles.role(own) if own else None,
                unauthenticated=roles.role(other) if other else None,
            )
            for own, other in pairs
        )

    for outcome in Reader(read, str, _MISSING, workers).each(ids):
        yield from (outcome,) if isinstance(outcome, Unreadable) else outcome


def _signed_in(answer: Mapping[str, Any]) -> list[str]:
    """Name the roles of signed-in identities, each once: the usual one, and those of rules."""
    arns = [answer.get("Roles", {}).get("authenticated")]
    for mapping in answer.get("RoleMappings", {}).values():
        rules = mapping.get("RulesConfiguration", {}).get("Rules", ())
        arns += [rule["RoleARN"] for rule in rules]
    return [arn for arn in dict.fromkeys(arns) if arn]
