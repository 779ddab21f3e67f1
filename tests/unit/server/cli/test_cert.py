"""``signward cert issue``."""

import json
import subprocess

import pytest


def test_it_adds_a_client_that_the_daemon_believes(home, tmp_path, invoke):
    done = invoke("cert", "issue", "--home", home, "--identity", "desk-2", "--out", tmp_path / "o")
    assert done.exit_code == 0, done.stderr
    files = sorted(path.name for path in (tmp_path / "o").iterdir())
    assert files == ["ca.crt", "desk-2.crt", "desk-2.key"]
    assert (tmp_path / "o").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "o/desk-2.key").stat().st_mode & 0o777 == 0o600
    bundle = home / "tls" / "client-ca.crt"
    command = ["openssl", "verify", "-purpose", "sslclient", "-CAfile", bundle]
    subprocess.run([*command, tmp_path / "o/desk-2.crt"], check=True, timeout=20)


def test_it_answers_in_json_and_adds_to_a_folder(home, tmp_path, invoke):
    options = ["--ca", f"{home}-ca", "--out", home / "clients", "--days", "1", "--json"]
    done = invoke("cert", "issue", "--identity", "spiffe://td.org/x/desk", *options)
    answer = json.loads(done.stdout)
    assert answer["identity"] == "spiffe://td.org/x/desk"
    assert answer["certificate"] == str(home / "clients/desk.crt")
    assert answer["ca"] == str(home / "clients/ca.crt")


@pytest.mark.parametrize(
    ("identity", "extra", "text"),
    [
        ("bot", [], "exists; it is never replaced; choose another folder or name"),
        ("a b", [], "this is no cn identity; write it as"),
        ("desk", ["--ca", "/nowhere"], "cannot be read (No such file or directory)"),
        ("desk", ["--days", "826"], "825"),
    ],
)
def test_it_refuses_on_one_line(home, invoke, identity, extra, text):
    before = sorted((home / "clients").iterdir())
    options = ["--home", home, "--identity", identity, "--out", home / "clients"]
    done = invoke("cert", "issue", *options, *extra)
    assert done.exit_code == 2
    assert text in done.stderr
    assert sorted((home / "clients").iterdir()) == before


def test_it_does_not_mix_two_cas(home, tmp_path, invoke):
    assert invoke("init", tmp_path / "i", "--tcp", "").exit_code == 0
    options = ["--home", tmp_path / "i", "--identity", "x", "--out", home / "clients"]
    done = invoke("cert", "issue", *options)
    assert done.exit_code == 2
    assert "is of another CA" in done.stderr
    assert not (home / "clients/x.key").exists()


def test_a_folder_that_cannot_be_written_is_one_line(home, tmp_path, invoke):
    (tmp_path / "file").touch()
    options = ["--home", home, "--identity", "x", "--out", tmp_path / "file" / "o"]
    done = invoke("cert", "issue", *options)
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
