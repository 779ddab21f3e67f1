"""``signward key import``: the private key is sealed here, and nothing shows it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.fakes.statuses import status
from tests.running.homes import environment

SECRET = bytes(range(65, 97))
IMPORT = ("key", "import", "--id", "mine", "--algorithm", "ed25519", "--purpose", "raw")


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "old key"
    file.write_bytes(SECRET)
    file.chmod(0o600)
    return file


def shows(outcome):
    said = outcome.stdout + outcome.stderr
    return any(form in said for form in (SECRET.decode(), SECRET.hex()))


def test_a_file_is_imported_and_the_end_of_it_is_explained(daemon, run, source):
    outcome = run(*IMPORT, str(source), "--label", "desk=fx")
    assert outcome.code == 0
    assert daemon.imported == [SECRET]
    assert not shows(outcome)
    assert "mine" in outcome.stdout
    assert f"shred -u '{source}'" in outcome.stderr
    assert "SSD" in outcome.stderr
    assert source.read_bytes() == SECRET
    assert dict(daemon.calls("ImportKey")[0].labels) == {"desk": "fx"}


def test_json_is_json_alone(daemon, run, source):
    outcome = run(*IMPORT, str(source), "--json")
    assert outcome.json["id"] == "mine"
    assert "shred" in outcome.stderr


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("raw", SECRET),
        ("hex", SECRET.hex().encode() + b"\n"),
        (
            "pkcs8",
            ed25519.Ed25519PrivateKey.from_private_bytes(SECRET).private_bytes(
                ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()
            ),
        ),
    ],
)
@pytest.mark.parametrize("told", [False, True])
def test_standard_input_is_read_in_every_form(daemon, run, form, content, told):
    outcome = run(*IMPORT, "-", *(["--format", form] if told else []), input=content)
    assert outcome.code == 0
    assert daemon.imported == [SECRET]
    assert "shred" not in outcome.stderr
    assert "destroy the source" in outcome.stderr


def encrypted() -> bytes:
    return ed25519.Ed25519PrivateKey.from_private_bytes(SECRET).private_bytes(
        ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.BestAvailableEncryption(b"pass phrase")
    )


def test_without_a_terminal_a_passphrase_is_not_read_as_it_is_typed(source):
    source.write_bytes(encrypted())
    done = subprocess.run(
        [sys.executable, "-m", "signward", *IMPORT, str(source), "--target", "localhost:1"],
        input=b"pass phrase\n", capture_output=True, check=False, timeout=60,
        start_new_session=True, env=environment(),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"there is no terminal to ask for its passphrase on" in done.stderr


def test_an_encrypted_file_asks_for_its_passphrase(daemon, run, source):
    source.write_bytes(encrypted())
    outcome = run(*IMPORT, str(source), input=b"pass phrase\n")
    assert outcome.code == 0
    assert daemon.imported == [SECRET]
    assert "pass phrase" not in outcome.stdout + outcome.stderr
    assert run(*IMPORT, str(source), input=b"another\n").code == 2


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_read_is_refused(daemon, run, source, mode):
    source.chmod(mode)
    outcome = run(*IMPORT, str(source))
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "others may read" in outcome.stderr
    assert f"chmod 600 '{source}'" in outcome.stderr
    assert daemon.seen == []


def test_what_is_no_key_is_not_shown(daemon, run, source):
    source.write_bytes(SECRET + SECRET[:5])
    outcome = run(*IMPORT, str(source))
    assert outcome.code == 2
    assert not shows(outcome)
    assert "holds no private key" in outcome.stderr
    assert daemon.seen == []


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
def test_a_large_file_is_not_read(daemon, run, source, size):
    source.write_bytes(b"k" * size)
    outcome = run(*IMPORT, str(source))
    assert outcome.code == 2
    assert ("larger than 64 KiB" in outcome.stderr) == (size > 64 * 1024)
    assert daemon.seen == []


def test_a_missing_file_is_named(daemon, run, tmp_path):
    outcome = run(*IMPORT, str(tmp_path / "none"))
    assert outcome.code == 2
    assert "No such file" in outcome.stderr


def test_a_refused_import_says_why_and_not_how_to_destroy_anything(daemon, run, source):
    refusal = status("ALREADY_EXISTS", "KEY_EXISTS", "A key with this id exists.")
    daemon.plan("ImportKey", refusal)
    outcome = run(*IMPORT, str(source))
    assert outcome.code not in (0, 2)
    assert "KEY_EXISTS" in outcome.stderr or "exists" in outcome.stderr
    assert "shred" not in outcome.stderr
    assert not shows(outcome)


def test_only_to_validate_keeps_the_source(daemon, run, source):
    outcome = run(*IMPORT, str(source), "--validate-only", "--json")
    assert outcome.code == 0
    assert json.loads(outcome.stdout)["id"] == "mine"
    assert "shred" not in outcome.stderr
    assert daemon.imported == []
