"""Private keys that callers bring to a real daemon: taken over, or refused with nothing left."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from signward import Client
from signward.sealing import sealer
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources

from tests.contract.custody.suite import SECP256K1_ORDER
from tests.running.calls import Refusal
from tests.running.homes import Home
from tests.running.imports import Asked, ask_for_import, finish, wrapping_secrets
from tests.running.keys import create, sign_request
from tests.running.observation import ask, observed
from tests.running.process import Daemon
from tests.running.scan import find_all

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

ED = resources.ALGORITHM_ED25519
EC = resources.ALGORITHM_ECDSA_SECP256K1
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


@pytest.fixture(scope="module")
def dumpable(daemon: Daemon) -> int:
    ask(daemon)
    return daemon.pid


@pytest.mark.parametrize("algorithm", [ED, EC])
def test_an_imported_key_signs(
    daemon: Daemon, client: Client, dumpable: int, algorithm: resources.Algorithm.ValueType
) -> None:
    name = f"mine-{algorithm}"
    asked = ask_for_import(client, name, algorithm)
    needles = {"key": secret(name), "limbs": secret(name)[::-1]}
    needles |= wrapping_secrets(daemon.home, asked)
    key = finish(client.channel, asked.request(asked.sealed(secret(name))))
    assert isinstance(key, resources.Key)
    assert (key.owner, key.versions[0].version) == ("cn:bot", 1)
    assert client.sign(sign_request(name, b"m", algorithm)).raw.signature
    assert not any(find_all(dumpable, needles).values())
    again = finish(client.channel, asked.request(asked.sealed(secret(name)), key_id=name + "x"))
    assert again == EXPIRED
