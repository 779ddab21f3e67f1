from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from signward_server.core.clock import SystemClock
from signward_server.core.identity import IdentityKind
from signward_server.rpc.material import FileSource
from signward_server.rpc.tls import Certificates
from signward_server.rpc.tls_files import ClientCaFile, ServerFiles, TlsFileError

from tests.fakes.spine.tls import TestAuthority


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    authority = TestAuthority()
    issued = authority.server()
    contents = {
        "certificate": issued.certificate,
        "key": issued.key,
        "ca": authority.pem,
        "other key": authority.server().key,
        "empty": b"",
        "garbage": b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        "two": authority.pem.rstrip() + b"\n" + TestAuthority("other").pem,
        "locked": load_pem_private_key(issued.key, None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
        ),
        "sec1": load_pem_private_key(issued.key, None).private_bytes(
            Encoding.PEM,
            PrivateFormat.TraditionalOpenSSL,
            NoEncryption(),
        ),
    }
    paths = {}
    for name, pem in contents.items():
        paths[name] = tmp_path / f"{name}.pem"
        paths[name].write_bytes(pem)
    paths["missing"] = tmp_path / "missing.pem"
    return paths


def _loaded(certificate: Path, key: Path, cas: list[Path]) -> Certificates:
    files = ServerFiles(
        certificate=certificate,
        private_key=key,
        client_cas=[ClientCaFile(ca, ()) for ca in cas],
        identity=IdentityKind.CN,
    )
    return Certificates(FileSource(files), SystemClock())


@pytest.mark.parametrize(
    ("key", "cas"), [("key", ["ca"]), ("sec1", ["ca"]), ("key", ["ca", "two"])]
)
def test_good_files_give_credentials(files: dict[str, Path], key: str, cas: list[str]) -> None:
    certificates = _loaded(files["certificate"], files[key], [files[name] for name in cas])
    assert isinstance(certificates.mutual(), grpc.ServerCredentials)
    assert isinstance(certificates.one_sided(), grpc.ServerCredentials)


@pytest.mark.parametrize(
    ("certificate", "key", "cas", "names", "text"),
    [
        ("missing", "key", ["ca"], "missing", "cannot be read"),
        ("certificate", "missing", ["ca"], "missing", "cannot be read"),
        ("certificate", "key", ["missing"], "missing", "cannot be read"),
        ("empty", "key", ["ca"], "empty", "no PEM certificate"),
        ("garbage", "key", ["ca"], "garbage", "no PEM certificate"),
        ("certificate", "key", ["ca", "key"], "key", "no PEM certificate"),
        ("certificate", "empty", ["ca"], "empty", "no unencrypted PEM private key"),
        ("certificate", "locked", ["ca"], "locked", "no unencrypted PEM private key"),
        ("certificate", "other key", ["ca"], "other key", "not the key of"),
        ("ca", "key", ["ca"], "key", "not the key of"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    files: dict[str, Path], certificate: str, key: str, cas: list[str], names: str, text: str
) -> None:
    with pytest.raises(TlsFileError, match=text) as raised:
        _loaded(files[certificate], files[key], [files[name] for name in cas])
    assert str(raised.value).startswith(f"{files[names]}: ")
    assert "PRIVATE" not in str(raised.value)


def test_without_a_client_ca_nobody_could_call(files: dict[str, Path]) -> None:
    with pytest.raises(TlsFileError, match="No client CA"):
        _loaded(files["certificate"], files["key"], [])
