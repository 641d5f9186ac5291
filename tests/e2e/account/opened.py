"""An inventory of the account that a test serves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.e2e.account.server import REGION, AwsServer

from devicewarden.audit.account.inventory import AccountInventory, open_inventory
from devicewarden.audit.inventory import Unreadable
from devicewarden.config.account_settings import AccountSettings
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.config.settings import Settings

GROUP = "AWSIotLogsV2"


def opened(aws: AwsServer, cache: Path | str = "", **changes: Any) -> AccountInventory:
    options = {"attempts": 2, "timeout_s": 5.0, "log_group": GROUP, "parallel_calls": 4, **changes}
    account = AccountSettings(region=REGION, endpoint_url=aws.url, cache_dir=str(cache), **options)
    audit = AuditSettings(revocation_cache_dir="", revocation_timeout_s=5)
    return open_inventory(replace(Settings(), account=account, audit=audit))


def reasons(inventory: AccountInventory, wanted: type) -> list[str]:
    found = inventory.subjects(frozenset({wanted}))
    return [each.reason for each in found if isinstance(each, Unreadable)]
