"""Labelled configurations that must be refused: where, and in which words."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from devicewarden.model.errors import Problem

ProblemsOf = Callable[..., tuple[Problem, ...]]
HUGE = "9" * 5000


class Row(NamedTuple):
    """One wrong line; `where` is the line in the file, or the name of a variable."""

    text: str
    where: int | str
    says: str
    environ: Mapping[str, str] = {}


def variable(name: str, text: str, says: str) -> Row:
    return Row("", f"environment {name}", says, {name: text})


COMMAND = '[[custom_metrics.commands]]\nname = "n"\ntype = "number"\nargv = ["x"]\n'

ROWS: Mapping[str, Row] = {
    # what is no TOML, or too much of it
    "syntax": Row("[log]\nlevel = \n", 2, "is not TOML: Invalid value"),
    "syntax at the end": Row('[log]\nlevel = """x\n', 3, "is not TOML: Unterminated string"),
    "key twice": Row('[log]\nlevel = "info"\nlevel = "info"', 3, "is not TOML: Cannot overwrite"),
    "digits": Row(f"a = {HUGE}", 0, "too many digits"),
    "nesting": Row("a = " + "[" * 5000 + "]" * 5000, 0, "nested too deeply"),
    "size": Row("#" * (1 << 20) + "\n", 0, "is larger than 1048576 bytes"),
    # unknown keys
    "section": Row(
        "\n[reports]\n", 2, "reports: unknown section or setting (did you mean report?)"
    ),
    "key": Row(
        "[report]\ninterval = 300",
        2,
        "report.interval: unknown setting (did you mean interval_s?)",
    ),
    "key of another section": Row(
        '[report]\nendpoint = "x"', 2, "report.endpoint: unknown setting (did you mean publish.end"
    ),
    "key before any section": Row("\nkeep_days = 3", 2, "(did you mean state.keep_days?)"),
    "key that resembles none": Row("[log]\nqqq = 1", 2, "log.qqq: unknown setting"),
    "dotted key": Row("[log]\n\nlevel.a = 1", 3, "log.level: must be a string, not a table"),
    "key of a command": Row(
        f"{COMMAND}shell = true", 5, "custom_metrics.commands[0].shell: unknown setting"
    ),
    "key with control codes": Row('[log]\n"\\u001b[31m" = 1', 2, 'log."\\u001b[31m": unknown'),
    # wrong types
    "string for an integer": Row(
        '[report]\ninterval_s = "300"',
        2,
        "report.interval_s: must be an integer, not a string (write it without quotes)",
    ),
    "fraction for an integer": Row(
        "[report]\ninterval_s = 300.0", 2, "must be an integer, not a n"
    ),
    "boolean for an integer": Row("[state]\nkeep_days = true", 2, "must be an integer, not true"),
    "boolean for a number": Row("[collect]\ninterval_s = true", 2, "must be a number, not true"),
    "boolean for qos": Row("[publish]\nqos = true", 2, "must be an integer, not true or false"),
    "integer for a boolean": Row("[publish]\ntls = 1", 2, "must be true or false, not an integer"),
    "integer for a string": Row("[thing]\nname = 7", 2, "must be a string, not an integer"),
    "date for a string": Row("[thing]\nname = 2024-01-01", 2, "not a date or time"),
    "string for an array": Row(
        '[custom_metrics]\nbuilt_in = "load_1m"', 2, "must be an array, not a string"
    ),
    "element of an array": Row(
        '[custom_metrics]\nbuilt_in = [\n"load_1m",\n7]', 4, "built_in[1]: must be a string, not an"
    ),
    "table for an array of tables": Row(
        "[custom_metrics.commands]\n", 1, "commands: must be an array, not a table"
    ),
    "value for a section": Row("\nlog = 3", 2, "log: must be a table, not an integer"),
    "array for a section": Row("\n[[log]]", 2, "log: must be a table, not an array"),
    "missing key": Row(
        '[[custom_metrics.commands]]\nname = "n"\ntype = "number"',
        1,
        "custom_metrics.commands[0].argv: is missing",
    ),
    # out of bounds
    "too small": Row("[publish]\nport = -1", 2, "publish.port: must be at least 0, not -1"),
    "too large": Row(
        "[publish]\nport = 65536", 2, "publish.port: must be at most 65535, not 65536"
    ),
    "huge": Row("[publish]\nport = 0x" + "f" * 9000, 2, "at most 65535, not a huge number"),
    "huge for a number": Row("[collect]\ninterval_s = 0x" + "f" * 9000, 2, "a finite number"),
    "not a number": Row("[collect]\ninterval_s = nan", 2, "must be a finite number"),
    "endless": Row("[collect]\ninterval_s = inf", 2, "must be a finite number"),
    "number of a command": Row(f"{COMMAND}timeout_s = 0", 5, "timeout_s: must be at least 0.1"),
    # bad choices and bad text
    "choice": Row('[report]\nformat = "xml"', 2, 'must be "json" or "cbor", not "xml"'),
    "numeric choice": Row("[publish]\nqos = 2", 2, "must be 0 or 1, not 2"),
    "control code": Row('[thing]\nname = "a\\nb"', 2, "must not contain control characters"),
    "NUL in an argument": Row(
        '[[custom_metrics.commands]]\nname = "n"\ntype = "number"\nargv = ["\\u0000"]',
        4,
        "argv[0]: must not contain the character NUL",
    ),
    # the environment
    "variable: integer": variable(
        "DEVICEWARDEN_STATE__KEEP_DAYS", "x", "state.keep_days: must be a"
    ),
    "variable: fraction": variable("DEVICEWARDEN_STATE__KEEP_DAYS", "1.5", 'an integer, not "1.5"'),
    "variable: digits": variable("DEVICEWARDEN_STATE__KEEP_DAYS", HUGE, "must be an integer, not"),
    "variable: bounds": variable("DEVICEWARDEN_STATE__KEEP_DAYS", "0", "must be at least 1, not 0"),
    "variable: number": variable("DEVICEWARDEN_COLLECT__INTERVAL_S", "nan", "a finite number"),
    "variable: boolean": variable("DEVICEWARDEN_PUBLISH__TLS", "yes", 'or 0, not "yes"'),
    "variable: choice": variable("DEVICEWARDEN_LOG__LEVEL", "INFO", 'or "error", not "INFO"'),
    "variable: list": variable("DEVICEWARDEN_CUSTOM_METRICS__BUILT_IN", "load_1m", "a JSON array"),
    "variable: deep list": variable("DEVICEWARDEN_CUSTOM_METRICS__BUILT_IN", "[" * 9**5, "JSON"),
    "variable: list of numbers": variable(
        "DEVICEWARDEN_CUSTOM_METRICS__BUILT_IN", "[1]", "built_in[0]: must be a string"
    ),
    "variable: commands": variable(
        "DEVICEWARDEN_CUSTOM_METRICS__COMMANDS", '[{"name": "n"}]', "commands[0].argv: is missing"
    ),
    "variable: not Unicode": variable("DEVICEWARDEN_THING__NAME", "\udcff", "must be UTF-8 text"),
    "variable: unknown": variable(
        "DEVICEWARDEN_LOG__LEVL", "x", "unknown setting (did you mean DEVICEWARDEN_LOG__LEVEL?)"
    ),
    "variable: one underscore": variable(
        "DEVICEWARDEN_LOG_LEVEL", "x", "unknown setting (did you mean DEVICEWARDEN_LOG__LEVEL?)"
    ),
    # rules between settings: time
    "fast reports": Row(
        "[report]\ninterval_s = 299", 2, "report.interval_s: must be at least 300 on the AWS topic"
    ),
    "fast reports on the AWS topic by name": Row(
        '[publish]\nexpect_reply = false\ntopic = "$aws/x"\n[report]\ninterval_s = 60',
        5,
        "must be at least 300 on the AWS topic, not 60",
    ),
    "reply after the next report": Row(
        "[report]\nallow_fast = true\ninterval_s = 10\n[publish]\nreply_timeout_s = 10",
        5,
        "publish.reply_timeout_s: must be less than report.interval_s (10), not 10.0",
    ),
    "reply after the next report, by default": Row(
        "[report]\nallow_fast = true\ninterval_s = 10",
        3,
        "publish.reply_timeout_s: must be less than report.interval_s (10), not 10.0",
    ),
    "waits in disorder": Row(
        "[publish]\nmax_wait_s = 2\nfirst_wait_s = 3",
        3,
        "publish.first_wait_s: must be at most publish.max_wait_s (2.0), not 3.0",
    ),
    # the connection
    "plain text": Row(
        '[publish]\nendpoint = "broker"\ntls = false',
        3,
        'publish.tls: false sends plain text to "broker", which is not loopback',
    ),
    "plain text to a name like loopback": Row(
        '[publish]\nendpoint = "127.evil"\ntls = false', 3, "which is not loopback"
    ),
    "endpoint with a scheme": Row(
        '[publish]\nendpoint = "mqtts://broker"', 2, 'IP address alone, not "mqtts://broker"'
    ),
    "endpoint with a port": Row(
        '[publish]\nendpoint = "broker:8883"', 2, 'alone, not "broker:8883"'
    ),
    "proxy with a scheme": Row('[publish]\nproxy_host = "http://p"', 2, "publish.proxy_host: must"),
    "AWS without a certificate": Row(
        '[publish]\nendpoint = "x-ats.iot.eu-west-1.amazonaws.com"', 2, "wants a client certificate"
    ),
    "AWS in China without a certificate": Row(
        '[publish]\nendpoint = "x.iot.cn-north-1.AmazonAWS.com.cn"', 2, "wants a client certificate"
    ),
    "AWS with a short keep-alive": Row(
        '[publish]\nendpoint = "x.amazonaws.com"\ncert_file="/c"\nkey_file="/k"\nkeep_alive_s = 29',
        5,
        "publish.keep_alive_s: must be at least 30 for AWS IoT Core, not 29",
    ),
    "certificate without a key": Row(
        '[publish]\ncert_file = "/c"', 2, "publish.key_file: is missing, although publish.cert_file"
    ),
    "key without a certificate": Row(
        '[publish]\nkey_file = "/k"', 2, "publish.cert_file: is missing, although a private key"
    ),
    "module without a certificate": Row(
        '[publish]\npkcs11_library = "/l"', 2, "publish.cert_file: is missing, although a private"
    ),
    "two private keys": Row(
        '[publish]\ncert_file = "/c"\nkey_file = "/k"\npkcs11_library = "/l"',
        3,
        "publish.key_file: and publish.pkcs11_library are both set",
    ),
    # names
    "topic with another field": Row(
        '[publish]\ntopic = "a/{thing}/{name}"', 2, "may contain {thing} and {format}, and no other"
    ),
    "topic with a lone brace": Row('[publish]\ntopic = "a/{thing"', 2, "no other braces"),
    "topic with a wildcard": Row('[publish]\ntopic = "a/#"', 2, "must not contain the wildcards"),
    "presence with a format": Row(
        '[publish]\npresence_topic = "{format}"', 2, "may contain {thing}, and no other braces"
    ),
    "violations with a wildcard": Row(
        '[detect]\ntopic = "a/+/b"', 2, "detect.topic: must not contain the wildcards"
    ),
    "violations with a format": Row(
        '[detect]\ntopic = "{format}"', 2, "detect.topic: may contain {thing}, and no other braces"
    ),
    "violations without a topic": Row('[detect]\ntopic = ""', 2, "detect.topic: must not be empty"),
    "thing that reads backwards": Row(
        '[thing]\nname = "a\\u202eb"', 2, "thing.name: must have printable characters alone, not"
    ),
    "client id that is not seen": Row(
        '[thing]\nclient_id = "a\\u200b"', 2, "thing.client_id: must have printable characters"
    ),
    "thing with a slash": Row(
        '[thing]\nname = "a/b"', 2, "thing.name: must not contain any of + # /"
    ),
    "thing too long": Row(f'[thing]\nname = "{"ä" * 65}"', 2, "must have at most 128 bytes"),
    "client id too long": Row(
        f'[thing]\nclient_id = "{"c" * 129}"', 2, "thing.client_id: must have"
    ),
    "unknown built-in metric": Row(
        '[custom_metrics]\nbuilt_in = ["cpu_percnt"]',
        2,
        'built_in[0]: "cpu_percnt" is no built-in metric (did you mean cpu_percent?)',
    ),
    "command name": Row(COMMAND.replace('"n"', '"a b"'), 2, '"a b" is no name for a custom metric'),
    "command name of AWS": Row(COMMAND.replace('"n"', '"aws:x"'), 2, '"aws:x" is no name for a'),
    "command name twice": Row(COMMAND + COMMAND, 6, '"n" is the name of two metrics'),
    "command name of a built-in metric": Row(
        COMMAND.replace('"n"', '"load_1m"'), 2, '"load_1m" is the name of two metrics'
    ),
    "command without a program": Row(
        COMMAND.replace('["x"]', "[]"), 4, "custom_metrics.commands[0].argv: must begin with a prog"
    ),
    "command with an empty program": Row(
        COMMAND.replace('["x"]', '[""]'), 4, "must begin with a p"
    ),
    # paths
    "relative folder": Row(
        '[state]\ndir = "state"', 2, 'state.dir: must be an absolute path, not "'
    ),
    "no folder": Row('[state]\ndir = ""', 2, "state.dir: must not be empty"),
    "relative file": Row('[publish]\nca_file = "ca.pem"', 2, "ca_file: must be an absolute path"),
    "absent file": Row(
        '[publish]\nca_file = "/nonexistent/ca.pem"',
        2,
        'publish.ca_file: "/nonexistent/ca.pem" cannot be read: No such file or directory',
    ),
    "folder for a file": Row('[publish]\nca_file = "/"', 2, 'publish.ca_file: "/" is not a file'),
    "device for a file": Row('[publish]\nca_file = "/dev/null"', 2, '"/dev/null" is not a file'),
    "socket path too long": Row(
        f'[control]\nsocket = "/{"s" * 107}"', 2, "control.socket: must have at most 107 bytes"
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_bad_configuration_is_refused_at_its_line(
    row: Row, problems_of: ProblemsOf, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    line = f"{config}:{row.where}" if row.where else str(config)
    where = row.where if isinstance(row.where, str) else line

    problems = problems_of(row.text, row.environ)

    assert any(p.where == where and row.says in str(p) for p in problems), problems


def test_every_problem_is_told_at_once(problems_of: ProblemsOf) -> None:
    text = '[log]\nlevel = 1\nx = 2\n[state]\nkeep_days = 0\n[publish]\ncert_file = "c"\n[thing]\n'

    problems = problems_of(f'{text}name = "#"', {"DEVICEWARDEN_REPORT__NAMES": "tiny"})

    assert {problem.message.split(": ")[0] for problem in problems} == {
        "log.level",
        "log.x",
        "state.keep_days",
        "publish.cert_file",
        "publish.key_file",
        "thing.name",
        "report.names",
    }


def test_a_wrong_value_brings_no_second_complaint(problems_of: ProblemsOf) -> None:
    problems = problems_of('[publish]\ncert_file = "/dev/null"\nkey_file = 7')

    assert [problem.message.split(": ")[0] for problem in problems] == [
        "publish.cert_file",
        "publish.key_file",
    ]


def test_every_problem_stays_on_one_line(problems_of: ProblemsOf) -> None:
    problems = problems_of('"a\\nb" = 1\n[publish]\nca_file = "/a\\nb"\nqos = "\\n\\r"')

    assert len(problems) == 3
    assert all(str(problem).isprintable() for problem in problems)
