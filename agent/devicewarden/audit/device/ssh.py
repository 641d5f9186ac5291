"""Who may log in over SSH: root, and anybody with a password."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.host import Host, file_resource
from devicewarden.audit.device.sshd_config import MAIN, options
from devicewarden.model.finding import Finding

_STARTED_BY: Final = (
    "/etc/systemd/system/multi-user.target.wants/ssh.service",
    "/etc/systemd/system/multi-user.target.wants/sshd.service",
    "/etc/systemd/system/sockets.target.wants/ssh.socket",
    "/etc/systemd/system/sockets.target.wants/sshd.socket",
    "/etc/systemd/system/ssh.service.requires/ssh.socket",
    "/etc/rc2.d/S01ssh",
    "/run/sshd.pid",
)
_DEFAULTS: Final = {
    "permitrootlogin": "prohibit-password",
    "passwordauthentication": "yes",
    "kbdinteractiveauthentication": "yes",
    "usepam": "no",
    "authenticationmethods": "any",
}
"""Of OpenSSH since 7.0."""

_BY_PASSWORD: Final = ("password", "keyboard-interactive")
_SOURCE: Final = "CIS Benchmark for Debian, SSH server"
_MATCH: Final = "Match blocks are not looked into, nor options of the command line."
_NEEDS: Final = "the configuration of OpenSSH's server, which root may read"


@dataclass(frozen=True, slots=True)
class SshServer:
    """An SSH server that is started.

    Attributes:
        options: keyword in lower case -> value, and the file that says so; those that stand in
            none are missing.
    """

    options: Mapping[str, tuple[str, str]]

    def value(self, keyword: str) -> str:
        """Give an option in lower case, or OpenSSH's default."""
        return self.options.get(keyword, (_DEFAULTS[keyword], ""))[0].lower()

    def path(self, *keywords: str) -> str:
        """Name the file where one of these stands, or would stand."""
        return next((self.options[word][1] for word in keywords if word in self.options), MAIN)


class SshRootLogin:
    """Finds SSH servers that let root in by password."""

    subject = SshServer
    meta = CheckMeta(
        name="ssh-root-login",
        title="SSH does not let root in by password",
        severity="HIGH",
        why="Root is the one name that everybody knows, and the one whose password is worth most.",
        decides="Where an SSH server is started, PermitRootLogin is not yes; prohibit-password,"
        f" OpenSSH's default, complies. {_MATCH}",
        remedy="Set PermitRootLogin no, or prohibit-password, in /etc/ssh/sshd_config.d/.",
        needs=_NEEDS,
        source=_SOURCE,
        codes={"SSH_ROOT_LOGIN_ALLOWED": "root may log in by any way"},
    )

    def judge(self, subject: SshServer, at: datetime) -> Iterator[Finding]:
        del at
        if subject.value("permitrootlogin") == "yes":
            resource = file_resource(subject.path("permitrootlogin"))
            yield self.meta.finding(resource, "SSH_ROOT_LOGIN_ALLOWED", "PermitRootLogin is yes")


class SshPasswordLogin:
    """Finds SSH servers that take passwords."""

    subject = SshServer
    meta = CheckMeta(
        name="ssh-password-login",
        title="SSH takes keys, and no passwords",
        severity="MEDIUM",
        why="Passwords are guessed, by bots, day and night; keys are not.",
        decides="Where an SSH server is started, PasswordAuthentication is no, and so is"
        " KbdInteractiveAuthentication or UsePAM; or AuthenticationMethods asks for a key besides."
        f" What stands nowhere has OpenSSH's default, which takes passwords. {_MATCH}",
        remedy="Install a key, then set PasswordAuthentication no and KbdInteractiveAuthentication"
        " no in /etc/ssh/sshd_config.d/.",
        needs=_NEEDS,
        source=_SOURCE,
        codes={"SSH_PASSWORD_LOGIN_ALLOWED": "a password is enough"},
    )

    def judge(self, subject: SshServer, at: datetime) -> Iterator[Finding]:
        del at
        if not _password_is_enough(subject.value("authenticationmethods")):
            return
        by_pam = subject.value("kbdinteractiveauthentication") == "yes"
        if subject.value("passwordauthentication") == "yes":
            keyword, reason = "passwordauthentication", "PasswordAuthentication is yes"
        elif by_pam and subject.value("usepam") == "yes":
            keyword, reason = "kbdinteractiveauthentication", "PAM asks for a password"
        else:
            return
        resource = file_resource(subject.path(keyword))
        yield self.meta.finding(resource, "SSH_PASSWORD_LOGIN_ALLOWED", reason)


def read_ssh_server(host: Host) -> Iterator[object]:
    """Give the server, if there is one that is started."""
    if host.there(MAIN) and any(map(host.there, _STARTED_BY)):
        yield SshServer(options(host))


def _password_is_enough(methods: str) -> bool:
    lists = [each.split(",") for each in methods.split()]
    return methods == "any" or any(
        all(step.startswith(_BY_PASSWORD) for step in steps) for steps in lists
    )
