"""Private keys that callers bring to a real daemon: taken over, or refused with nothing left."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from signward import Client, SignwardError
from signward.sealing import sealer
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources

from tests.contract.custody.suite import SECP256K1_ORDER
from tests.running.calls import Refusal
from tests.running.homes import PATIENCE, Home, environment
from tests.running.imports import Asked, ask_for_import, finish, wrapping_secrets
from tests.running.keys import sign_request
from tests.running.observation import ask, observed
from tests.running.process import Daemon
from tests.running.scan import find_all
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

ED = resources.ALGORITHM_ED25519
EC = resources.ALGORITHM_ECDSA_SECP256K1
RAW = resources.PURPOSE_RAW
WRONG_BLOB = Refusal("INVALID_ARGUMENT", "FIELD_INVALID", ("wrapped_key",))
WRONG_IMPORT = Refusal("INVALID_ARGUMENT", "FIELD_INVALID", ("import_id",))
EXPIRED = Refusal("FAILED_PRECONDITION", "IMPORT_EXPIRED")
EXISTS = Refusal("ALREADY_EXISTS", "KEY_EXISTS")
MAY_IMPORT = """\
permit (principal, action in [Action::"CreateImportParameters", Action::"ImportKey"], resource);
permit (principal == Identity::"cn:other", action == Action::"ViewKey", resource);
"""


def secret(name: str) -> bytes:
    return hashlib.sha256(f"imported {name}".encode()).digest()


@pytest.fixture(scope="module")
def daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    home = new_home()
    home.permit(MAY_IMPORT, "imports.cedar")
    home.issue("other")
    with observed(home, "--set", "limits.imports_per_identity=64") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def client(daemon: Daemon) -> Iterator[Client]:
    with daemon.client() as client:
        yield client


SIGNWARD_CLIENT = (sys.executable, "-m", "signward")
Search = Callable[[dict[str, bytes]], dict[str, int]]


@pytest.fixture(scope="module")
def search(daemon: Daemon) -> Search:
    """Count what stands in the daemon's memory; it is stopped meanwhile, and then ready again."""
    ask(daemon)

    def search(needles: dict[str, bytes]) -> dict[str, int]:
        found = find_all(daemon.pid, needles)
        assert eventually(lambda: daemon.probe("/readyz") == HTTPStatus.OK)
        return {name: len(places) for name, places in found.items() if places}

    return search


@pytest.mark.parametrize("algorithm", [ED, EC])
def test_an_imported_key_signs(
    daemon: Daemon, client: Client, search: Search, algorithm: resources.Algorithm.ValueType
) -> None:
    name = f"mine-{algorithm}"
    asked = ask_for_import(client, name, algorithm)
    needles = {"key": secret(name), "limbs": secret(name)[::-1]}
    needles |= wrapping_secrets(daemon.home, asked)
    key = finish(client.channel, asked.request(asked.sealed(secret(name))))
    assert isinstance(key, resources.Key)
    assert (key.owner, key.versions[0].version) == ("cn:bot", 1)
    assert client.sign(sign_request(name, b"m", algorithm)).raw.signature
    assert search(needles) == {}
    again = finish(client.channel, asked.request(asked.sealed(secret(name)), key_id=name + "x"))
    assert again == EXPIRED


# What is refused. Each is made of an import of its own, for the key ``name``.

OTHER_PUBLIC_KEY = X25519PrivateKey.generate().public_key().public_bytes_raw()
LOW_ORDER = (  # points of small order and others that give zero: RFC 7748, section 6.1
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
)
Hostile = Callable[[Asked, bytes], pb.ImportKeyRequest]


def _sealed(**wrong: object) -> Hostile:
    return lambda asked, private: asked.request(asked.sealed(private, **wrong))


def _as(**other: object) -> Hostile:
    return lambda asked, private: asked.request(asked.sealed(private), **other)


def _bytes(change: Callable[[bytes], bytes]) -> Hostile:
    return lambda asked, private: asked.request(change(asked.sealed(private)))


def _scalar(number: int) -> Hostile:
    return lambda asked, _: asked.request(asked.sealed(number.to_bytes(32)))


def _with_point(point: bytes) -> Hostile:
    return _bytes(lambda blob: point + blob[32:])


HOSTILE: dict[str, tuple[resources.Algorithm.ValueType, Hostile, Refusal]] = {
    "wrong-recipient": (ED, _sealed(wrapping_public_key=OTHER_PUBLIC_KEY), WRONG_BLOB),
    "another-key": (ED, _sealed(key_id="another"), WRONG_BLOB),
    "another-purpose": (ED, _sealed(purpose=resources.PURPOSE_ORDER), WRONG_BLOB),
    "another-algorithm": (ED, _sealed(algorithm=EC), WRONG_BLOB),
    "another-network": (ED, _sealed(network="testnet"), WRONG_BLOB),
    "another-identity": (ED, _sealed(identity="cn:other"), WRONG_BLOB),
    "another-import": (ED, _sealed(import_id="im_" + "b" * 24), WRONG_BLOB),
    "flipped-bit": (ED, _bytes(lambda blob: blob[:-1] + bytes([blob[-1] ^ 1])), WRONG_BLOB),
    "flipped-point": (ED, _bytes(lambda blob: bytes([blob[0] ^ 1]) + blob[1:]), WRONG_BLOB),
    "noise": (ED, _bytes(lambda blob: hashlib.sha512(blob).digest() + bytes(16)), WRONG_BLOB),
    "zero-seed": (ED, _scalar(0), WRONG_BLOB),
    "zero-scalar": (EC, _scalar(0), WRONG_BLOB),
    "order": (EC, _scalar(SECP256K1_ORDER), WRONG_BLOB),
    "above-order": (EC, _scalar(SECP256K1_ORDER + 1), WRONG_BLOB),
    "all-ones": (EC, _scalar(2**256 - 1), WRONG_BLOB),
    "used-for-another-key": (ED, _as(key_id="changed"), WRONG_IMPORT),
    "used-for-another-purpose": (ED, _as(purpose=resources.PURPOSE_ORDER), WRONG_IMPORT),
    "used-for-another-algorithm": (ED, _as(algorithm=EC), WRONG_IMPORT),
    **{
        f"low-order-{number}": (ED, _with_point(point), WRONG_BLOB)
        for number, point in enumerate(LOW_ORDER)
    },
}


SCANNED = ("wrong-recipient", "another-purpose", "flipped-bit", "order", "low-order-3")


@pytest.mark.parametrize("name", HOSTILE)
def test_s23_a_hostile_blob_is_refused_and_uses_the_import_up(client: Client, name: str) -> None:
    algorithm, hostile, refusal = HOSTILE[name]
    asked = ask_for_import(client, name, algorithm)
    assert finish(client.channel, hostile(asked, secret(name))) == refusal
    assert finish(client.channel, asked.request(asked.sealed(secret(name)))) == EXPIRED
    with pytest.raises(SignwardError, match="no such key"):
        client.get_key(name)


@pytest.mark.parametrize("name", SCANNED)
def test_s23_a_hostile_blob_leaves_nothing(
    daemon: Daemon, client: Client, search: Search, name: str
) -> None:
    algorithm, hostile, refusal = HOSTILE[name]
    asked = ask_for_import(client, f"{name}-once", algorithm)
    needles = {"key": secret(name)} | wrapping_secrets(daemon.home, asked)
    assert finish(client.channel, hostile(asked, secret(name))) == refusal
    assert search(needles) == {}


def test_s23_all_hostile_blobs_together_leave_nothing(
    daemon: Daemon, client: Client, search: Search
) -> None:
    needles = {"key": secret("hostile")}
    for name, (algorithm, hostile, refusal) in HOSTILE.items():
        asked = ask_for_import(client, f"{name}-again", algorithm)
        wrapping = wrapping_secrets(daemon.home, asked)
        needles[name] = wrapping[f"{name}-again wrapping"]
        assert finish(client.channel, hostile(asked, needles["key"])) == refusal
    assert search(needles) == {}


@pytest.mark.parametrize("size", [0, 1, 32, 79, 81, 112, 256, 100_000])
def test_s23_a_blob_of_another_length_is_refused_and_does_not_use_the_import_up(
    client: Client, size: int
) -> None:
    asked = ask_for_import(client, f"length-{size}")
    assert finish(client.channel, asked.request(bytes(size))) == WRONG_BLOB
    right = asked.request(asked.sealed(secret(asked.key_id)))
    assert isinstance(finish(client.channel, right), resources.Key)


def test_s23_another_identity_neither_uses_an_import_nor_uses_it_up(
    daemon: Daemon, client: Client
) -> None:
    asked = ask_for_import(client, "not-yours")
    assert asked.parameters.identity == "cn:bot"
    with daemon.client("other") as other:
        for identity in ("cn:bot", "cn:other"):
            request = asked.request(asked.sealed(secret("not-yours"), identity=identity))
            assert finish(other.channel, request) == EXPIRED
    right = asked.request(asked.sealed(secret("not-yours")))
    assert isinstance(finish(client.channel, right), resources.Key)


def test_s23_an_import_is_used_once(client: Client) -> None:
    asked = ask_for_import(client, "once")
    request = asked.request(asked.sealed(secret("once")), request_id="r1")
    made = finish(client.channel, request)
    assert isinstance(made, resources.Key)
    assert finish(client.channel, request) == made
    request.request_id = ""
    assert finish(client.channel, request) == EXISTS
    moved = asked.request(asked.sealed(secret("once")), key_id="once-more")
    assert finish(client.channel, moved) == EXPIRED
    unknown = asked.request(bytes(80), key_id="never", import_id="im_" + "a" * 24)
    assert finish(client.channel, unknown) == EXPIRED


def test_s16_one_public_key_is_imported_once(client: Client) -> None:
    first = client.import_key("one", sealer(secret("twin")), algorithm=ED, purpose=RAW)
    asked = ask_for_import(client, "two")
    assert finish(client.channel, asked.request(asked.sealed(secret("twin")))) == EXISTS
    assert client.get_key("one") == first
    asked = ask_for_import(client, "two", EC)
    assert isinstance(
        finish(client.channel, asked.request(asked.sealed(secret("twin")))), resources.Key
    )


def test_the_public_key_is_that_of_the_private_key(client: Client) -> None:
    ed = client.import_key("pub-ed", sealer(secret("pub")), algorithm=ED, purpose=RAW)
    ec = client.import_key("pub-ec", sealer(secret("pub")), algorithm=EC, purpose=RAW)
    expected = Ed25519PrivateKey.from_private_bytes(secret("pub")).public_key()
    assert ed.versions[0].public_key.raw == expected.public_bytes_raw()
    compressed = coincurve.PrivateKey(secret("pub")).public_key.format()
    assert ec.versions[0].public_key.raw == compressed


def test_only_to_validate_uses_nothing_up(daemon: Daemon, client: Client) -> None:
    asked = ask_for_import(client, "valid")
    draft = finish(client.channel, asked.request(b"", validate_only=True))
    assert isinstance(draft, resources.Key)
    assert not draft.versions
    other = asked.request(b"", validate_only=True, purpose=resources.PURPOSE_ORDER)
    assert finish(client.channel, other) == WRONG_IMPORT
    right = asked.request(asked.sealed(secret("valid")))
    assert isinstance(finish(client.channel, right), resources.Key)
    assert finish(client.channel, asked.request(b"", validate_only=True)) == EXISTS


def test_nothing_of_a_used_import_is_in_the_store(daemon: Daemon, client: Client) -> None:
    asked = ask_for_import(client, "stored")
    with closing(sqlite3.connect(f"file:{daemon.home.store}?mode=ro", uri=True)) as store:
        query = "SELECT count(*) FROM imports WHERE id = ?"
        name = [asked.parameters.import_id]
        assert store.execute(query, name).fetchone() == (1,)
        finish(client.channel, asked.request(bytes(80)))
        assert store.execute(query, name).fetchone() == (0,)


def test_s23_an_import_survives_a_restart_and_a_tampered_one_does_not_open(home: Home) -> None:
    home.permit(MAY_IMPORT, "imports.cedar")
    with Daemon(home) as daemon, daemon.client() as client:
        kept = ask_for_import(client, "kept")
        tampered = ask_for_import(client, "tampered")
    with closing(sqlite3.connect(home.store)) as store:
        later = "UPDATE imports SET expire_time = expire_time + 1 WHERE id = ?"
        store.execute(later, [tampered.parameters.import_id])
        store.commit()
    with Daemon(home) as daemon, daemon.client() as client:
        request = tampered.request(tampered.sealed(secret("tampered")))
        assert finish(client.channel, request) == Refusal("DATA_LOSS", "ENVELOPE_CORRUPT")
        made = finish(client.channel, kept.request(kept.sealed(secret("kept"))))
        assert isinstance(made, resources.Key)


def test_the_command_line_imports_what_openssl_writes(
    daemon: Daemon, client: Client, tmp_path: Path
) -> None:
    """An encrypted file, its passphrase on standard input, in the daemon in the end."""
    name, file = "from-openssl", tmp_path / "key.pem"
    made = ec.derive_private_key(int.from_bytes(secret(name)), ec.SECP256K1())
    encryption = BestAvailableEncryption(b"pass phrase")
    file.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    file.chmod(0o600)
    clients = daemon.home.path / "clients"
    done = subprocess.run(
        [
            *SIGNWARD_CLIENT, "key", "import", str(file), "--id", name,
            "--algorithm", "secp256k1", "--purpose", "raw", "--json",
        ],
        env=environment(
            SIGNWARD_TARGET=daemon.tcp,
            SIGNWARD_CA=str(clients / "ca.crt"),
            SIGNWARD_CERT=str(clients / "bot.crt"),
            SIGNWARD_KEY=str(clients / "bot.key"),
        ),
        input=b"pass phrase\n", capture_output=True, check=True, timeout=PATIENCE,
        start_new_session=True,  # no terminal
    )  # fmt: skip
    assert json.loads(done.stdout)["id"] == name
    assert f"shred -u {file}".encode() in done.stderr
    assert b"GetPassWarning" not in done.stderr
    assert not {secret(name), secret(name).hex().encode()} & {done.stdout, done.stderr}
    compressed = coincurve.PrivateKey(secret(name)).public_key.format()
    assert client.get_public_key(name).public_key.raw == compressed
