"""``signward sign ...`` and ``signward verify ...``."""

from __future__ import annotations

import base64
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ORDER = ("--coin", "BTC", "--buy", "--sz", "0.5", "--limit-px", "42000")


@pytest.fixture
def key(daemon):
    return daemon.add_key("k")


def verified(key, signature: str, message: bytes) -> bool:
    public = Ed25519PublicKey.from_public_bytes(key.versions[0].public_key.raw)
    public.verify(bytes.fromhex(signature), message)
    return True


@pytest.mark.parametrize(
    ("arguments", "content", "message"),
    [
        (("hello",), None, b"hello"),
        (("00ff", "--encoding", "hex"), None, b"\x00\xff"),
        (("AP8=", "--encoding", "base64"), None, b"\x00\xff"),
        (("--file", "-"), b"\x00\xff\n", b"\x00\xff\n"),
        (("-f", "-", "--encoding", "hex"), b"00\nff\n", b"\x00\xff"),
    ],
)
def test_sign_raw_prints_the_signature(key, run, arguments, content, message):
    outcome = run("sign", "raw", "k", *arguments, input=content)
    assert outcome.code == 0, outcome.stderr
    assert verified(key, outcome.stdout.strip(), message)


def test_sign_raw_from_a_file(key, run, tmp_path):
    path = tmp_path / "message"
    path.write_bytes(b"\x00binary\xff")
    assert verified(key, run("sign", "raw", "k", "-f", str(path)).stdout.strip(), b"\x00binary\xff")


def test_sign_raw_sends_its_options(daemon, key, run):
    run(
        "sign", "raw", "k", "m", "--hash", "sha256", "--version", "1", "--request-id", "r",
        "--expected-fingerprint", "0x" + "ab" * 32,
    )  # fmt: skip
    [request] = daemon.calls("Sign")
    assert (request.raw.hash, request.version, request.request_id) == (1, 1, "r")
    assert request.expected_fingerprint == b"\xab" * 32


def test_sign_raw_as_json(key, run):
    answer = run("sign", "raw", "k", "m", "--json").json
    assert answer["version"] == 1
    assert verified(key, base64.b64decode(answer["raw"]["signature"]).hex(), b"m")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "give either MESSAGE or --file"),
        (("m", "--file", "-"), "give either MESSAGE or --file"),
        (("xyz", "--encoding", "hex"), "is not hex"),
        (("%", "--encoding", "base64"), "is not base64"),
        (("--file", "/nonexistent/file"), "/nonexistent/file cannot be read"),
        (("--file", "/dev/zero"), "larger than 1 MiB"),
        (("m", "--expected-fingerprint", "zz"), "--expected-fingerprint is not hex"),
        (("m", "--hash", "md5"), "md5"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(daemon, run, arguments, problem):
    outcome = run("sign", "raw", "k", *arguments)
    assert outcome.code == 2
    assert problem in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert daemon.seen == []


def test_sign_order_prints_signature_and_signed_bytes(daemon, key, run):
    before = time.time_ns() // 1_000_000
    outcome = run("sign", "order", "k", *ORDER)
    signature, signed = outcome.stdout.splitlines()
    assert verified(key, signature, signed.encode())
    [request] = daemon.calls("Sign")
    assert request.order.is_buy
    assert request.order.action == "order"
    assert before <= request.order.timestamp <= time.time_ns() // 1_000_000


def test_sign_order_as_json_with_a_timestamp(daemon, key, run):
    answer = run("sign", "order", "k", *ORDER, "--timestamp", "7", "--json").json
    assert base64.b64decode(answer["order"]["signedBytes"])
    assert daemon.calls("Sign")[0].order.timestamp == 7


def test_an_order_needs_its_side(run):
    outcome = run("sign", "order", "k", "--coin", "BTC", "--sz", "1", "--limit-px", "1")
    assert outcome.code == 2
    assert "--buy" in outcome.stderr


def test_verify_raw_says_yes_and_no(key, run):
    signature = run("sign", "raw", "k", "m").stdout.strip()
    good = run("verify", "raw", "k", "m", "--signature", signature)
    assert (good.code, good.stdout) == (0, "valid: made by version 1\n")
    bad = run("verify", "raw", "k", "other", "--signature", signature)
    assert (bad.code, bad.stdout) == (1, "not valid: No version made this signature.\n")
    assert bad.stderr == ""
    as_json = run("verify", "raw", "k", "other", "--signature", signature, "--json")
    assert as_json.code == 1
    assert as_json.json["valid"] is False


def test_verify_order(key, run):
    signature = run("sign", "order", "k", *ORDER, "--timestamp", "7").stdout.split()[0]
    arguments = ("--timestamp", "7", "--signature", signature)
    assert run("verify", "order", "k", *ORDER, *arguments).code == 0
    sell = ["--sell" if argument == "--buy" else argument for argument in ORDER]
    assert run("verify", "order", "k", *sell, *arguments).code == 1


def test_a_signature_that_is_not_hex_is_a_usage_error(run):
    outcome = run("verify", "raw", "k", "m", "--signature", "no")
    assert outcome.code == 2
    assert "--signature is not hex" in outcome.stderr
