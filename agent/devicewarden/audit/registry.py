"""Every check there is, in the order in which they are told: a line each; and both inventories."""

from devicewarden.audit.account import inventory as account
from devicewarden.audit.account import logging_disabled, shared
from devicewarden.audit.checks import (
    certificate_age,
    certificate_expiring,
    conflicting_client_ids,
    key_quality,
    policies,
    revoked,
    roles,
)
from devicewarden.audit.device import (
    agent_files,
    clock,
    key_pair,
    listeners,
    logs,
    passwords,
    private_key,
    siblings,
    ssh,
    trust_store,
    unit_hardening,
)
from devicewarden.audit.device.inventory import open_inventory
from devicewarden.audit.inventory import Inventory
from devicewarden.audit.runner import AnyCheck
from devicewarden.config.audit_documents import Thresholds
from devicewarden.config.settings import Settings

_USUAL = Thresholds()


def checks(thresholds: Thresholds = _USUAL) -> tuple[AnyCheck, ...]:
    """Make all checks: AWS's seventeen under AWS's names, then those of a device."""
    return (
        certificate_expiring.DeviceCertificateExpiring(thresholds.device_certificate_expiring),
        certificate_age.DeviceCertificateAge(thresholds.device_certificate_age),
        key_quality.DeviceCertificateKeyQuality(),
        revoked.RevokedDeviceCertificateStillActive(),
        certificate_expiring.CaCertificateExpiring(thresholds.ca_certificate_expiring),
        key_quality.CaCertificateKeyQuality(),
        revoked.RevokedCaCertificateStillActive(),
        revoked.IntermediateCaRevoked(),
        policies.IotPolicyOverlyPermissive(),
        policies.IotPolicyPotentialMisconfiguration(),
        conflicting_client_ids.ConflictingClientIds(),
        shared.DeviceCertificateShared(),
        logging_disabled.LoggingDisabled(),
        roles.RoleAliasOverlyPermissive(),
        roles.RoleAliasUnusedServices(),
        roles.AuthenticatedCognitoRoleOverlyPermissive(),
        roles.UnauthenticatedCognitoRoleOverlyPermissive(),
        shared.SharedCognitoIdentity(),
        key_quality.DeviceCertificateKeyShort(),
        key_quality.CaCertificateKeyShort(),
        siblings.CertificateSharedWithSibling(),
        key_pair.CertificateKeyMismatch(),
        private_key.PrivateKeyReadable(),
        trust_store.TrustStoreUnexpected(),
        logs.AgentLoggingReduced(),
        logs.JournalNotPersistent(),
        logs.BrokerLoggingDisabled(),
        clock.ClockNotSynchronized(),
        passwords.PasswordEmptyOrDefault(),
        ssh.SshRootLogin(),
        ssh.SshPasswordLogin(),
        agent_files.AgentFileWritable(),
        unit_hardening.UnitHardeningWeakened(),
        listeners.RootListenerOnAllInterfaces(),
    )


def open_device(settings: Settings) -> Inventory:
    """Prepare to read this device."""
    return open_inventory(settings)


def open_account(settings: Settings) -> Inventory:
    """Prepare to read the AWS account.

    Raises:
        AuditError: boto3 is not installed, or there are no credentials.
    """
    return account.open_inventory(settings)
