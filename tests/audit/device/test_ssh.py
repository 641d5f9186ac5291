"""OpenSSH's configuration as OpenSSH reads it."""

import pytest
from tests.audit.device.tree import Tree, told, undecided

from devicewarden.audit.device.ssh import SshPasswordLogin, SshRootLogin

MAIN = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/10-site.conf"
DEBIAN = "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n"
NO_PASSWORDS = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
ENABLED = "/etc/systemd/system/multi-user.target.wants/ssh.service"


@pytest.fixture
def server(tree: Tree) -> Tree:
    tree.link(ENABLED, "/usr/lib/systemd/system/ssh.service")
    return tree


def root_login(server: Tree, text: str) -> list[tuple[str, str]]:
    server.write(MAIN, text)
    return told(server.audit(SshRootLogin()))


def password_login(server: Tree, text: str) -> list[tuple[str, str]]:
    server.write(MAIN, text)
    return told(server.audit(SshPasswordLogin()))


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("", False, id="default"),
        pytest.param("PermitRootLogin yes\n", True, id="yes"),
        pytest.param("permitrootlogin=YES\n", True, id="any case"),
        pytest.param("PermitRootLogin = yes\n", True, id="with an equals sign"),
        pytest.param('  PermitRootLogin\t"yes"  # why not\n', True, id="blanks and a comment"),
        pytest.param("PermitRootLogin no\n", False, id="no"),
        pytest.param("PermitRootLogin prohibit-password\n", False, id="by key"),
        pytest.param("# PermitRootLogin yes\n", False, id="commented out"),
        pytest.param("PermitRootLogin no\nPermitRootLogin yes\n", False, id="the first counts"),
        pytest.param("PermitRootLogin yes\nPermitRootLogin no\n", True, id="the first counts too"),
        pytest.param("Match User bob\nPermitRootLogin yes\n", False, id="in a Match block"),
    ],
)
def test_root_may_not_log_in_by_password(server: Tree, text: str, *, allowed: bool) -> None:
    found = root_login(server, text)

    assert found == ([(MAIN, "SSH_ROOT_LOGIN_ALLOWED")] if allowed else [])


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("", True, id="default"),
        pytest.param(DEBIAN, True, id="as Debian ships it"),
        pytest.param(NO_PASSWORDS, False, id="neither way"),
        pytest.param("PasswordAuthentication no\n", False, id="no PAM to ask"),
        pytest.param("PasswordAuthentication no\nUsePAM yes\n", True, id="PAM asks"),
        pytest.param(
            "PasswordAuthentication no\nUsePAM yes\nChallengeResponseAuthentication no\n",
            False,
            id="by its former name",
        ),
        pytest.param("AuthenticationMethods publickey\n", False, id="keys alone"),
        pytest.param("AuthenticationMethods publickey,password\n", False, id="both"),
        pytest.param("AuthenticationMethods publickey password\n", True, id="either"),
        pytest.param(
            "AuthenticationMethods keyboard-interactive:pam\n", True, id="a password by PAM"
        ),
    ],
)
def test_a_password_may_not_be_enough(server: Tree, text: str, *, allowed: bool) -> None:
    found = password_login(server, text)

    assert [code for _, code in found] == (["SSH_PASSWORD_LOGIN_ALLOWED"] if allowed else [])


def test_a_drop_in_that_is_included_first_wins(server: Tree) -> None:
    server.write(DROP_IN, "PermitRootLogin yes\nPasswordAuthentication no\n")

    found = root_login(server, f"{DEBIAN}PermitRootLogin no\nPasswordAuthentication yes\n")

    assert found == [(DROP_IN, "SSH_ROOT_LOGIN_ALLOWED")]
    assert told(server.audit(SshPasswordLogin())) == []


def test_drop_ins_count_in_the_order_of_their_names(server: Tree) -> None:
    server.write("/etc/ssh/sshd_config.d/20.conf", "PermitRootLogin yes\n")
    server.write("/etc/ssh/sshd_config.d/05.conf", "PermitRootLogin no\n")
    server.write("/etc/ssh/sshd_config.d/01.txt", "PermitRootLogin yes\n")

    assert root_login(server, DEBIAN) == []


def test_a_match_block_ends_with_its_included_file(server: Tree) -> None:
    server.write(DROP_IN, "Match User bob\nPermitRootLogin no\n")

    found = root_login(server, f"{DEBIAN}PermitRootLogin yes\n")

    assert found == [(MAIN, "SSH_ROOT_LOGIN_ALLOWED")]


def test_relative_names_are_below_etc_ssh(server: Tree) -> None:
    server.write("/etc/ssh/site.conf", "PermitRootLogin yes\n")

    found = root_login(server, "Include nothing.conf site.conf\n")

    assert found == [("/etc/ssh/site.conf", "SSH_ROOT_LOGIN_ALLOWED")]


def test_wildcards_stand_for_folders_too(server: Tree) -> None:
    server.write("/etc/ssh/site/b.conf", "PermitRootLogin yes\n")

    found = root_login(server, "Include */*.conf\nPermitRootLogin no\n")

    assert found == [("/etc/ssh/site/b.conf", "SSH_ROOT_LOGIN_ALLOWED")]


def test_a_hidden_file_counts_only_by_its_name(server: Tree) -> None:
    server.write("/etc/ssh/sshd_config.d/.old.conf", "PermitRootLogin no\n")

    hidden = root_login(server, f"{DEBIAN}PermitRootLogin yes\n")
    named = root_login(server, "Include sshd_config.d/.*.conf\nPermitRootLogin yes\n")

    assert (hidden, named) == ([(MAIN, "SSH_ROOT_LOGIN_ALLOWED")], [])


@pytest.mark.parametrize("pattern", ["/", "[", "nothing*"])
def test_an_include_that_names_no_file_is_passed_over(server: Tree, pattern: str) -> None:
    assert root_login(server, f"Include {pattern}\nPermitRootLogin no\n") == []


def test_files_that_include_each_other_end(server: Tree) -> None:
    for name in ("a", "b"):
        server.write(f"/etc/ssh/sshd_config.d/{name}.conf", DEBIAN)

    assert root_login(server, f"{DEBIAN}PermitRootLogin yes\n") != []


def test_a_file_that_cannot_be_read_is_undecided(server: Tree) -> None:
    server.write(MAIN, DEBIAN)
    server.folder(DROP_IN)

    assert DROP_IN in undecided(server.audit(SshRootLogin()))


def test_a_server_that_is_not_started_is_not_judged(tree: Tree) -> None:
    tree.write(MAIN, "PermitRootLogin yes\n")

    assert told(tree.audit(SshRootLogin())) == []
