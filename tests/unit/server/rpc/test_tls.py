from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificate
from signward_server.core.clock import SystemClock
from signward_server.core.errors import CertificateRevoked, IdentityUnknown
from signward_server.core.identity import IdentityKind
from signward_server.rpc.file_source import FileSource
from signward_server.rpc.tls import Certificates
from signward_server.rpc.tls_files import ClientCaFile, ServerFiles, TlsFileError, read_file

from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.tls import Issued, TestAuthority


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
        "below": authority.pem.rstrip() + b"\n" + authority.intermediate().pem,
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
    ("key", "cas"), [("key", ["ca"]), ("sec1", ["ca"]), ("key", ["ca", "below"])]
)
def test_good_files_give_credentials(files: dict[str, Path], key: str, cas: list[str]) -> None:
    certificates = _loaded(files["certificate"], files[key], [files[name] for name in cas])
    assert isinstance(certificates.mutual("tcp"), grpc.ServerCredentials)
    assert isinstance(certificates.one_sided("api_keys"), grpc.ServerCredentials)


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


@pytest.mark.parametrize("name", ["certificate", "ca"])
def test_a_key_of_an_unknown_kind_is_named_with_its_file(files: dict[str, Path], name: str) -> None:
    elliptic, unknown = (bytes.fromhex(f"06072a8648ce3d02{last}") for last in ("01", "09"))
    der = load_pem_x509_certificate(files[name].read_bytes()).public_bytes(Encoding.DER)
    body = base64.encodebytes(der.replace(elliptic, unknown)).decode()
    bad = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    files[name].write_text(bad)
    with pytest.raises(TlsFileError, match=rf"{name}\.pem: .*key of an unknown kind"):
        _loaded(files["certificate"], files["key"], [files["ca"]])


def test_without_a_client_ca_nobody_could_call(files: dict[str, Path]) -> None:
    with pytest.raises(TlsFileError, match="No client CA"):
        _loaded(files["certificate"], files["key"], [])


def test_s01_several_cas_in_one_file_need_names_as_well(files: dict[str, Path]) -> None:
    with pytest.raises(TlsFileError, match="has several CAs, and not each says which names"):
        _loaded(files["certificate"], files["key"], [files["two"]])
    bundle = ClientCaFile(files["two"], ("bot",))
    named = ServerFiles(
        certificate=files["certificate"],
        private_key=files["key"],
        client_cas=[bundle],
        identity=IdentityKind.CN,
    )
    assert Certificates(FileSource(named), SystemClock()).version


DAY = timedelta(days=1)


class _Files:
    """Files that a test replaces while they are in force."""

    def __init__(self, folder: Path, clock: MovingClock) -> None:
        self.authority = TestAuthority()
        self.paths = {n: folder / n for n in ("server.pem", "server.key", "ca.pem", "list.crl")}
        self.renew()
        self.paths["ca.pem"].write_bytes(self.authority.pem)
        self.paths["list.crl"].write_bytes(self.authority.revoking())
        self.certificates = Certificates(self.source(), clock)

    def source(self, *names: str) -> FileSource:
        return FileSource(
            ServerFiles(
                certificate=self.paths["server.pem"],
                private_key=self.paths["server.key"],
                client_cas=[ClientCaFile(self.paths["ca.pem"], names)],
                revocations=[self.paths["list.crl"]],
                identity=IdentityKind.CN,
            )
        )

    def renew(self, issued: Issued | None = None) -> None:
        issued = issued or self.authority.server()
        self.paths["server.pem"].write_bytes(issued.certificate)
        self.paths["server.key"].write_bytes(issued.key)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock(datetime.now(UTC))


@pytest.fixture
def in_force(tmp_path: Path, clock: MovingClock) -> _Files:
    return _Files(tmp_path, clock)


def test_all_files_are_watched(in_force: _Files) -> None:
    assert set(in_force.certificates.watched()) == set(in_force.paths.values())


def test_files_that_say_the_same_change_nothing(in_force: _Files) -> None:
    certificates = in_force.certificates
    before = certificates.trusted.now
    certificates.load()
    assert certificates.trusted.now is before
    assert len(certificates.version) == 64


@pytest.mark.parametrize("name", ["server.pem", "ca.pem", "list.crl"])
def test_s02_whatever_changes_makes_another_version(in_force: _Files, name: str) -> None:
    certificates, authority = in_force.certificates, in_force.authority
    before, trust = certificates.version, certificates.trusted.now
    if name == "server.pem":
        in_force.renew()
    elif name == "ca.pem":
        more = authority.pem + authority.intermediate().pem
        in_force.paths[name].write_bytes(more)
    else:
        in_force.paths[name].write_bytes(authority.revoking(authority.client("bot")))
    certificates.load()
    assert certificates.version != before
    assert certificates.trusted.now is not trust


def test_what_a_ca_may_assert_is_part_of_the_version(in_force: _Files, clock: MovingClock) -> None:
    versions = {
        Certificates(in_force.source(*names), clock).version
        for names in ((), ("a", "b"), ("b", "a"), ("a b",), ("anything",))
    }
    assert len(versions) == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("server.pem", b""),
        ("server.key", b"garbage"),
        ("ca.pem", b"garbage"),
        ("list.crl", b"garbage"),
        ("list.crl", TestAuthority().revoking()),  # of that name, and with another key
        ("ca.pem", b""),
    ],
)
def test_a_bad_file_keeps_what_is_in_force(in_force: _Files, name: str, content: bytes) -> None:
    certificates = in_force.certificates
    before, good = certificates.trusted.now, in_force.paths[name].read_bytes()
    in_force.paths[name].write_bytes(content)
    with pytest.raises(TlsFileError):
        certificates.load()
    assert certificates.trusted.now is before
    in_force.paths[name].write_bytes(good)
    certificates.load()
    assert certificates.trusted.now is before


@pytest.mark.parametrize(("age", "text"), [(2 * DAY, "expired on"), (-2 * DAY, "not valid before")])
def test_a_certificate_out_of_its_time_replaces_nothing(
    in_force: _Files, age: timedelta, text: str
) -> None:
    before = in_force.certificates.version
    in_force.renew(in_force.authority.server(age=age))
    with pytest.raises(TlsFileError, match=text):
        in_force.certificates.load()
    assert in_force.certificates.version == before


@pytest.mark.parametrize("name", ["ca.pem", "list.crl"])
def test_whom_to_believe_is_not_taken_from_what_others_can_write(
    in_force: _Files, clock: MovingClock, name: str
) -> None:
    path, before = in_force.paths[name], in_force.certificates.version
    in_force.paths["ca.pem"].write_bytes(TestAuthority("evil").pem)
    path.chmod(0o666)
    with pytest.raises(TlsFileError, match=rf"{name}: has mode 0666.*; run: chmod go-w"):
        in_force.certificates.load()
    assert in_force.certificates.version == before
    with pytest.raises(TlsFileError, match="mode 0666"):
        Certificates(in_force.source(), clock)


def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(in_force: _Files) -> None:
    for name in ("server.key", "list.crl"):
        in_force.paths[name].unlink()
        os.mkfifo(in_force.paths[name])
    with pytest.raises(TlsFileError, match=r"(?s)key: is not a regular.*crl: is not a regular"):
        in_force.certificates.load()


def test_s02_a_ca_leaves_the_bundle_before_its_list_does(in_force: _Files) -> None:
    other = TestAuthority("other")
    in_force.paths["ca.pem"].write_bytes(other.pem)
    in_force.certificates.load()
    trust = in_force.certificates.trusted
    assert trust.now.leaf(other.client("bot").certificate).identity.name == "bot"
    with pytest.raises(IdentityUnknown):
        trust.now.leaf(in_force.authority.client("bot").certificate)


def test_s02_an_expired_certificate_of_the_daemon_keeps_nobody_believed(in_force: _Files) -> None:
    authority, certificates = in_force.authority, in_force.certificates
    bot = authority.client("bot")
    in_force.renew(authority.server(age=2 * DAY))
    in_force.paths["list.crl"].write_bytes(authority.revoking(bot))
    with pytest.raises(TlsFileError, match="expired on"):
        certificates.load()
    with pytest.raises(CertificateRevoked):
        certificates.trusted.now.leaf(bot.certificate)


def test_a_bad_bundle_keeps_no_old_certificate_of_the_daemon(in_force: _Files) -> None:
    before = in_force.certificates.version
    in_force.renew()
    in_force.paths["ca.pem"].write_bytes(b"")
    with pytest.raises(TlsFileError, match=r"ca\.pem: no PEM certificate"):
        in_force.certificates.load()
    assert in_force.certificates.version != before
    in_force.renew(in_force.authority.server(age=2 * DAY))
    with pytest.raises(TlsFileError, match=r"expired on(.|\n)*ca\.pem: no PEM certificate"):
        in_force.certificates.load()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "neither EC nor RSA"),
        (rsa.generate_private_key(65537, 1024), "less than 2048 bits"),  # noqa: S505
        (rsa.generate_private_key(65537, 2048), ""),
    ],
)
def test_a_key_that_grpc_cannot_use_is_refused(
    in_force: _Files,
    key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey,
    text: str,
) -> None:
    in_force.renew(in_force.authority.server(key=key))
    if text:
        with pytest.raises(TlsFileError, match=text):
            in_force.certificates.load()
    else:
        in_force.certificates.load()


def test_s02_a_revoked_ca_is_believed_no_more(in_force: _Files) -> None:
    authority = in_force.authority
    middle = authority.intermediate()
    in_force.paths["ca.pem"].write_bytes(authority.pem + middle.pem)
    in_force.certificates.load()
    trust = in_force.certificates.trusted
    leaf = middle.client("bot").certificate
    assert trust.now.leaf(leaf).identity.name == "bot"
    revoked = Issued(middle.pem, b"")
    in_force.paths["list.crl"].write_bytes(authority.revoking(revoked))
    in_force.certificates.load()
    with pytest.raises(IdentityUnknown):
        trust.now.leaf(leaf)
    assert trust.now.leaf(authority.client("bot").certificate).identity.name == "bot"
    in_force.paths["ca.pem"].write_bytes(authority.pem)
    in_force.paths["list.crl"].write_bytes(authority.revoking(Issued(authority.pem, b"")))
    with pytest.raises(TlsFileError, match="No client CA that is not revoked"):
        in_force.certificates.load()


def test_s02_a_revoked_ca_vouches_through_no_other(in_force: _Files) -> None:
    root = in_force.authority
    middle = root.intermediate()
    below = TestAuthority("below", above=middle)
    in_force.paths["ca.pem"].write_bytes(root.pem + below.pem + middle.pem)
    in_force.certificates.load()
    trust, leaf = in_force.certificates.trusted, below.client("bot").certificate
    assert trust.now.leaf(leaf).identity.name == "bot"
    in_force.paths["list.crl"].write_bytes(root.revoking(Issued(middle.pem, b"")))
    in_force.certificates.load()
    with pytest.raises(IdentityUnknown):
        trust.now.leaf(leaf)
    in_force.paths["list.crl"].write_bytes(root.revoking())
    in_force.certificates.load()
    assert trust.now.leaf(leaf).identity.name == "bot"


def test_an_overdue_list_is_mentioned_and_still_counts(
    in_force: _Files, clock: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    certificates, authority = in_force.certificates, in_force.authority
    bot = authority.client("bot")
    in_force.paths["list.crl"].write_bytes(authority.revoking(bot, age=2 * DAY))
    assert certificates.overdue == 0
    certificates.load()
    assert certificates.overdue == 1
    assert [record.message for record in caplog.records] == ["revocation lists are overdue"]
    with pytest.raises(CertificateRevoked):
        certificates.trusted.now.leaf(bot.certificate)


def test_names_that_nothing_can_assert_are_refused(in_force: _Files, clock: MovingClock) -> None:
    with pytest.raises(TlsFileError, match=r"tls\.client_ca: not something"):
        Certificates(in_force.source("*"), clock)


def test_no_private_key_is_shown(in_force: _Files, clock: MovingClock) -> None:
    pair = in_force.source().pair(clock.now())
    shown = repr([pair, in_force.certificates, vars(in_force.certificates)])
    assert "PRIVATE" not in shown


def test_a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ca.pem")
    with pytest.raises(TlsFileError, match="is not a regular file"):
        read_file(tmp_path / "ca.pem")
