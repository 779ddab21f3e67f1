"""What grpc says of connections that failed, and what the command line makes of it."""

from __future__ import annotations

import pytest
from signward import errors
from signward.cli.report import line
from signward.cli.unreachable import cause, remedy

_PREAMBLE = "failed to connect to all addresses; last error: "


def test_the_preamble_is_left_out():
    assert cause(f"{_PREAMBLE}UNKNOWN: ipv4:127.0.0.1:9: Refused") == "ipv4:127.0.0.1:9: Refused"
    assert cause("something else") == "something else"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("ipv4:127.0.0.1:9: Failed to connect to remote host: Connection refused", "serve"),
        ("unix:no.sock: connect failed: addr: unix:no.sock error: No such file or directory",
         "serve"),
        ("errors resolving foo: [field:hostname lookup error]", "correct the target"),
        ("SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unable to get", "--ca"),
        ("Hostname Verification Check failed.", "--server-name"),
        ("ipv4:127.0.0.1:7443: Socket closed", "expired"),
        ("what no grpc has said so far", "check the target"),
    ],
)  # fmt: skip
def test_each_cause_has_its_remedy(said, hint):
    assert hint in remedy(said)
    assert hint in line(errors.Unavailable(said), as_json=False)


def test_a_reason_of_the_daemon_is_not_about_the_connection():
    error = errors.Unavailable("Socket closed", reason="STORE_UNAVAILABLE")
    assert line(error, as_json=False).endswith("; try again later")
