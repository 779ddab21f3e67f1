"""Each wrong file is named, with what to do."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from signward import Credentials, CredentialsError, credential_files


@pytest.fixture
def files(authority, bot_files, tmp_path):
    paths = {}
    for name, source in {
        "ca": authority.ca,
        "certificate": bot_files.certificate,
        "private_key": bot_files.private_key,
    }.items():
        paths[name] = tmp_path / f"{name}.pem"
        paths[name].write_bytes(source.read_bytes())
    return paths


def test_good_files_are_read(files):
    credentials = Credentials.from_files(**files, server_name="signer")
    assert credentials.ca == files["ca"].read_bytes()
    assert credentials.certificate == files["certificate"].read_bytes()
    assert credentials.private_key == files["private_key"].read_bytes()
    assert credentials.server_name == "signer"


def test_paths_may_be_strings(files):
    assert Credentials.from_files(**{name: str(path) for name, path in files.items()})


@pytest.mark.parametrize("name", ["ca", "certificate", "private_key"])
def test_a_missing_file_is_named(files, name):
    files[name].unlink()
    with pytest.raises(CredentialsError, match="does not exist; give") as caught:
        Credentials.from_files(**files)
    assert str(files[name]) in str(caught.value)
    assert caught.value.reason == "CREDENTIALS_INVALID"


@pytest.mark.parametrize("name", ["ca", "certificate", "private_key"])
@pytest.mark.parametrize("content", [b"", b"not PEM", b"\xff\x00"])
def test_a_file_of_the_wrong_kind_is_named(files, name, content):
    files[name].write_bytes(content)
    with pytest.raises(CredentialsError, match="give a PEM file with BEGIN") as caught:
        Credentials.from_files(**files)
    assert str(files[name]) in str(caught.value)


def test_a_file_that_may_not_be_read_is_named(files):
    class Forbidden(type(files["ca"])):
        def read_bytes(self):
            raise PermissionError(13, "Permission denied", str(self))

    with pytest.raises(CredentialsError, match="may not be read; let this user read it"):
        credential_files._read(Forbidden(files["ca"]), "CA certificate")


def test_a_folder_is_no_file(files, tmp_path):
    with pytest.raises(CredentialsError, match="cannot be read: Is a directory"):
        Credentials.from_files(tmp_path, files["certificate"], files["private_key"])


def test_a_key_of_another_certificate_is_refused(files, server_files):
    with pytest.raises(CredentialsError, match="does not belong to client certificate"):
        Credentials.from_files(files["ca"], files["certificate"], server_files.private_key)


def test_an_encrypted_key_is_refused_without_a_prompt(files):
    path = files["private_key"]
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(CredentialsError, match="is encrypted; give it without a passphrase"):
        Credentials.from_files(**files)


def test_no_text_shows_the_private_key(files):
    credentials = Credentials.from_files(**files)
    secret = files["private_key"].read_text().splitlines()[1]
    assert secret not in repr(credentials) + str(credentials)
    files["private_key"].write_text(files["private_key"].read_text().replace("BEGIN", "BEGAN"))
    with pytest.raises(CredentialsError) as caught:
        Credentials.from_files(**files)
    assert secret not in str(caught.value)


def test_files_that_change_while_they_are_read_are_read_again(files, server_files, monkeypatch):
    """Both halves are read and checked apart; they must be those of one moment."""
    real, changes = credential_files._check_pair, iter([server_files])

    def check(certificate, private_key):
        for other in changes:
            certificate.write_bytes(other.certificate.read_bytes())
            private_key.write_bytes(other.private_key.read_bytes())
        real(certificate, private_key)

    monkeypatch.setattr(credential_files, "_check_pair", check)
    credentials = Credentials.from_files(**files)
    assert credentials.certificate == server_files.certificate.read_bytes()
    assert credentials.private_key == server_files.private_key.read_bytes()
    assert not credentials.files.have_changed


def test_files_that_never_rest_are_refused(files, monkeypatch):
    states = iter(range(1000))
    monkeypatch.setattr(credential_files, "_state", lambda _path: next(states))
    with pytest.raises(CredentialsError, match="change all the time"):
        Credentials.from_files(**files)


def test_what_is_wrong_is_said_of_files_at_rest(files, monkeypatch, server_files):
    """Half of a new pair is no problem if the other half comes while it is looked at."""
    files["certificate"].write_bytes(server_files.certificate.read_bytes())
    real, late = credential_files._check_pair, iter([server_files.private_key.read_bytes()])

    def check(certificate, private_key):
        try:
            real(certificate, private_key)
        finally:
            for content in late:
                private_key.write_bytes(content)

    monkeypatch.setattr(credential_files, "_check_pair", check)
    assert Credentials.from_files(**files).private_key == server_files.private_key.read_bytes()
