"""Role aliases, with the roles that devices get by them."""

from collections.abc import Iterator
from dataclasses import replace

from devicewarden.audit.account.calls import AbsentError, CallError
from devicewarden.audit.account.each import Reader, told
from devicewarden.audit.account.roles import Roles
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import RoleAlias
from devicewarden.aws.calls import Calls

_MISSING = (RoleAlias,)


def read_role_aliases(calls: Calls, roles: Roles, workers: int) -> Iterator[RoleAlias | Unreadable]:
    """Read all role aliases of the account.

    Where IAM does not tell what a role used, the alias comes without it, and Unreadable says so.
    """
    names = (
        name
        for page in calls.pages("iot:ListRoleAliases", pageSize=250)
        for name in page["roleAliases"]
    )

    def read(name: str) -> tuple[RoleAlias | Unreadable, ...]:
        found = calls.call("iot:DescribeRoleAlias", roleAlias=name)["roleAliasDescription"]
        role = roles.role(found["roleArn"])
        alias = RoleAlias(arn=found["roleAliasArn"], role=role)
        try:
            used = roles.last_used(role.arn)
        except AbsentError:
            return (replace(alias, role=replace(role, last_used={})),)
        except CallError as error:
            return alias, Unreadable(_MISSING, told(error))
        return (replace(alias, role=replace(role, last_used=used)),)

    for outcome in Reader(read, str, _MISSING, workers).each(names):
        yield from (outcome,) if isinstance(outcome, Unreadable) else outcome
