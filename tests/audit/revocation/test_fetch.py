"""Which addresses are asked, whatever a certificate says."""

import pytest

from devicewarden.audit.revocation.fetch import beside_this_host


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        pytest.param("169.254.169.254", True, id="metadata service"),
        pytest.param("fd00:ec2::254", True, id="metadata service over IPv6"),
        pytest.param("::ffff:169.254.169.254", True, id="mapped"),
        pytest.param("fe80::1%eth0", True, id="link-local with its link"),
        pytest.param("10.0.0.7", False, id="a company's CA"),
        pytest.param("fd00:ec3::254", False, id="private IPv6"),
        pytest.param("192.0.2.1", False, id="public"),
    ],
)
def test_only_the_link_of_this_host_is_refused(host: str, *, refused: bool) -> None:
    assert beside_this_host(host) == refused
