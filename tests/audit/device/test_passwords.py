"""Accounts with no password, or one that everybody knows."""

import pytest
from tests.audit.certificates import AT
from tests.audit.device.tree import Tree, told, undecided

from devicewarden.audit.device.passwords import Account, PasswordEmptyOrDefault, read_accounts
from devicewarden.audit.device.unix_crypt import has_hash
from devicewarden.model.errors import AuditError

RASPBERRY = {
    "yescrypt": "$y$j9T$salt$krkTO6i6yxVCivWY.70JdtXKBUmr9i99QmzGqwLbQV5",
    "SHA-512": (
        "$6$salt$IkaugvaLlGypUccopUr48QHrlanWM7lARoF.NfSEFbv.X4V2OmWQFCoSOY7CmSqNEr9.KJUDRGGWt2w2"
        "AgeHo0"
    ),
    "SHA-512, more rounds": (
        "$6$rounds=6000$salt$RIMjfpwsFB2yeBdxkFv9QQ7Ci6ejZDhAQ3fefVHbUCoRa5adZz0zmxcnKpWoSVR8vp1o"
        "gTCjaT242kD0FlR0t."
    ),
    "SHA-256": "$5$salt$Z87E1rcXmonT8WAVPavPa.z9faaLT0wLxOmpROqKQy1",
    "MD5": "$1$salt$J63.jBnf5ThH0trznb8FY/",
    "bcrypt": "$2b$05$abcdefghijklmnopqrstuufNcwg.LhweBejHk0Q4B2Xw5SAczk6Qm",
    "DES": "abeI39UDXGcO6",
}
"""Hashes of the word raspberry, as libxcrypt 4.4 writes them."""


def host(tree: Tree, **hashes: str) -> Tree:
    tree.write("/etc/passwd", "".join(f"{name}:x:1000:1000::/:/bin/sh\n" for name in hashes))
    lines = "".join(f"{name}:{hashed}:20000:0:99999:7:::\n" for name, hashed in hashes.items())
    tree.write("/etc/shadow", lines, 0o600)
    return tree


@pytest.mark.parametrize("kind", RASPBERRY)
def test_hashes_of_every_kind_are_compared(kind: str) -> None:
    assert has_hash("raspberry", RASPBERRY[kind])
    assert not has_hash("strawberry", RASPBERRY[kind])


@pytest.mark.parametrize(
    "hashed",
    [
        pytest.param("$6$rounds=999999999$salt$x", id="rounds for days"),
        pytest.param("$y$jFT$salt$x", id="1 GiB of memory"),
        pytest.param("$y$j9T9$salt$x", id="rare parameters"),
        pytest.param("$2b$31$abcdefghijklmnopqrstuu", id="cost for weeks"),
        pytest.param("$7$CU..../....salt$x", id="scrypt"),
        pytest.param("nonsense", id="nonsense"),
        pytest.param("$y$", id="cut off"),
    ],
)
def test_hashes_that_would_hold_up_the_audit_are_not_compared(hashed: str) -> None:
    with pytest.raises(AuditError):
        has_hash("raspberry", hashed)


@pytest.mark.parametrize(
    ("hashed", "code"),
    [
        pytest.param(RASPBERRY["yescrypt"], "PASSWORD_DEFAULT", id="well known"),
        pytest.param("", "PASSWORD_EMPTY", id="none"),
    ],
)
def test_a_password_that_bots_try_first_does_not_comply(tree: Tree, hashed: str, code: str) -> None:
    found = told(host(tree, pi=hashed, root="*").audit(PasswordEmptyOrDefault()))

    assert found == [("/etc/shadow#pi", code)]


@pytest.mark.parametrize("hashed", ["*", "!", "!*", "!!", f"!{RASPBERRY['MD5']}"])
def test_locked_accounts_comply(tree: Tree, hashed: str) -> None:
    assert told(host(tree, pi=hashed).audit(PasswordEmptyOrDefault())) == []


def test_the_word_counts_for_whom_it_is_shipped(tree: Tree) -> None:
    hashed = RASPBERRY["SHA-512"]
    found = told(host(tree, raspberry=hashed, alice=hashed).audit(PasswordEmptyOrDefault()))

    assert found == [("/etc/shadow#raspberry", "PASSWORD_DEFAULT")]


def test_a_hash_in_etc_passwd_is_judged_too(tree: Tree) -> None:
    host(tree, root="*")
    tree.write("/etc/passwd", f"root:x:0:0::/:/bin/sh\npi:{RASPBERRY['DES']}:1:1::/:/bin/sh\nx\n")

    assert told(tree.audit(PasswordEmptyOrDefault())) == [("/etc/passwd#pi", "PASSWORD_DEFAULT")]


def test_one_hash_that_cannot_be_compared_does_not_hide_the_others(tree: Tree) -> None:
    findings, run = host(tree, alice="$7$CU..../....salt$x", bob="").audit(PasswordEmptyOrDefault())

    assert [found.code for found in findings] == ["PASSWORD_EMPTY"]
    assert run.undecided == ("the password of alice: a hash that takes too long to compare",)


def test_no_hash_is_told(tree: Tree) -> None:
    findings, run = host(tree, pi=RASPBERRY["MD5"], alice="$7$CU..../....salt$x").audit(
        PasswordEmptyOrDefault()
    )

    assert "$" not in repr((findings, run))


def test_a_host_without_accounts_is_undecided(tree: Tree) -> None:
    assert "/etc/shadow" in undecided(tree.audit(PasswordEmptyOrDefault()))


def test_only_a_handful_of_words_is_tried_for_each_account() -> None:
    tried: list[str] = []

    def note(password: str, hashed: str) -> bool:
        del hashed
        tried.append(password)
        return False

    list(PasswordEmptyOrDefault(note).judge(Account("root", "$6$x$y"), at=AT))

    assert tried[0] == "root"
    assert len(tried) == len(set(tried)) <= 10


def test_both_files_are_read(tree: Tree) -> None:
    accounts = list(read_accounts(host(tree, root="*").inventory().host))

    assert accounts == [Account("root", "*")]


def test_lines_that_let_nis_in_are_no_accounts(tree: Tree) -> None:
    tree.write("/etc/passwd", "root:x:0:0::/:/bin/sh\n+::::::\n+@staff::::::\n-guest::::::\n")
    tree.write("/etc/shadow", "root:*:::::::\n+::::::::\n", 0o600)

    assert list(read_accounts(tree.inventory().host)) == [Account("root", "*")]
