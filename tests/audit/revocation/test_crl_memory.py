"""A revocation list takes no more memory than it has bytes, however many entries they are."""

import tracemalloc

from tests.audit.certificates import AT, Issuer
from tests.audit.revocation.answers import revocation_list

from devicewarden.audit.revocation.crl import read_list

ROOT = Issuer("root")


def test_entries_are_not_unpacked() -> None:
    content = revocation_list(ROOT, range(1, 3000))

    tracemalloc.start()
    found = read_list(content, ROOT.certificate, AT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found.signed.get_revoked_certificate_by_serial_number(2999) is not None
    # The signature is checked over a copy.
    assert peak < 2 * len(content)
