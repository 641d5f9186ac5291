"""A packet filter that is missing, refuses or tells nonsense ends in a reason."""

import pytest
from tests.mitigate.fake_nft import FakeNft

from devicewarden.mitigate.firewall import Firewall, Rules
from devicewarden.mitigate.process import Ended
from devicewarden.mitigate.ways import Ways
from devicewarden.model.errors import MitigationError

DROP = Rules(arriving=("drop",))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (Ended(1, b"", "Error: Operation not supported"), "Operation not supported"),
        (Ended(0, b"not json"), "do not understand"),
        (Ended(0, b"{}"), "do not understand"),
        (Ended(0, b'{"nftables": [{"set": {}}]}'), "do not understand"),
        (Ended(0, b'{"nftables": [7]}'), "do not understand"),
    ],
)
def test_what_cannot_be_listed_is_told(told: Ended, why: str) -> None:
    with pytest.raises(MitigationError, match=why):
        Firewall(lambda _arguments, _script: told).gates()


def test_a_change_is_one_script() -> None:
    nft = FakeNft()
    firewall = Firewall(nft)

    firewall.add("a", DROP, 60, Ways())
    firewall.add("b", DROP, 60, Ways())
    firewall.remove(["a"])

    assert len(nft.scripts) == 3
    assert dict(firewall.gates()) == {"b": 60}


def test_the_last_gate_takes_the_table_with_it() -> None:
    nft = FakeNft()
    firewall = Firewall(nft)
    firewall.add("a", DROP, 60, Ways())

    firewall.remove(["a"])

    assert nft.scripts[-1] == "delete table inet devicewarden\n"


def test_gates_that_have_closed_go_with_the_next_one_that_is_removed() -> None:
    nft = FakeNft()
    firewall = Firewall(nft)
    firewall.add("a", DROP, 60, Ways())
    nft.expire()

    firewall.remove([])

    assert nft.scripts[-1] == "delete table inet devicewarden\n"


def test_a_gate_that_has_closed_is_not_opened_again() -> None:
    nft = FakeNft()
    firewall = Firewall(nft)
    firewall.add("a", DROP, 60, Ways())
    nft.expire()

    firewall.renew({"a": 60}, Ways())

    assert dict(firewall.gates()) == {}
