"""Certificates as others encoded them: bytes -> those whose names and dates can be read."""

from cryptography import x509

from devicewarden.model.errors import AuditError


def parse_certificates(content: bytes) -> tuple[x509.Certificate, ...]:
    """Read one certificate in DER, or all of a PEM file, at least one.

    cryptography reads a certificate's parts when they are asked for: they are asked for here, so
    that nobody behind this door meets a name that is none. Keys and extensions are left to those
    who need them, for a certificate expires whatever its key is.

    Raises:
        AuditError: there is none, or one of them cannot be read.
    """
    try:
        if b"-----BEGIN" in content:
            found = tuple(x509.load_pem_x509_certificates(content))
        else:
            found = (x509.load_der_x509_certificate(content),)
        for each in found:
            each.subject.rfc4514_string()
            each.issuer.rfc4514_string()
    except (ValueError, x509.InvalidVersion) as error:
        raise AuditError(f"no certificate: {error}") from error
    return found
