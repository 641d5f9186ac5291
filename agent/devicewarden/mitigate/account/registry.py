"""Every type of action in the account: a line each."""

from collections.abc import Mapping
from typing import Final, cast

from devicewarden.mitigate.account.action import Kind
from devicewarden.mitigate.account.certificates import CA, DEVICE
from devicewarden.mitigate.account.logging_options import ENABLE_LOGGING
from devicewarden.mitigate.account.policy_version import REPLACE_DEFAULT
from devicewarden.mitigate.account.publish_finding import PUBLISH_FINDING
from devicewarden.mitigate.account.thing_groups import ADD_THINGS
from devicewarden.model.action import AccountType

_KINDS: Final = (DEVICE, CA, ADD_THINGS, REPLACE_DEFAULT, ENABLE_LOGGING, PUBLISH_FINDING)

KINDS: Final[Mapping[AccountType, Kind]] = {
    cast("AccountType", kind.meta.type): kind for kind in _KINDS
}
"""By type, in AWS's order."""
