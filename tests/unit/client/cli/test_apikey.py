"""``signward apikey ...``: secrets come in without an argument and go out once."""

from __future__ import annotations

import datetime as dt
import errno
import os
import stat

import pytest
from signward.cli.secret_file import SecretFile

from tests.fakes.statuses import status

BOT = "spiffe://test/bot"
CREATE = ("apikey", "create", "--identity", BOT, "--expires", "90d")
IMPORT = ("apikey", "import", "--identity", BOT, "--expires", "90d")
OURS = "correct-horse-battery-staple"


def test_create_prints_the_secret_alone_and_says_that_it_does_so_once(daemon, run):
    outcome = run(*CREATE, "--address", "10.0.0.0/8", "--address", "fd00::/8")
    assert outcome.code == 0
    [secret] = daemon.secrets.values()
    assert outcome.stdout == f"{secret}\n"
    assert secret not in outcome.stderr
    assert outcome.stderr.startswith(f"signward: ak_0000000000000001 for {BOT} until ")
    assert "shown this once" in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    [request] = daemon.calls("CreateApiKey")
    assert request.identity == BOT
    assert list(request.address_ranges) == ["10.0.0.0/8", "fd00::/8"]
    left = request.expire_time.ToDatetime(dt.UTC) - dt.datetime.now(dt.UTC)
    assert left.total_seconds() == pytest.approx(90 * 86_400, abs=60)


def test_create_as_json(daemon, run):
    made = run(*CREATE, "--json").json
    assert made["apiKey"]["id"] == "ak_0000000000000001"
    assert made["apiKey"]["identity"] == BOT
    assert [made["secret"]] == list(daemon.secrets.values())


@pytest.mark.parametrize("as_json", [False, True])
def test_create_into_a_file_that_only_the_owner_reads(daemon, run, tmp_path, as_json):
    path = tmp_path / "bot.secret"
    outcome = run(*CREATE, "--out", str(path), *(["--json"] if as_json else []))
    assert outcome.code == 0
    [secret] = daemon.secrets.values()
    assert path.read_text() == f"{secret}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret not in outcome.stdout + outcome.stderr
    assert "ak_0000000000000001" in outcome.stdout
    assert f"is in {path} and nowhere else" in outcome.stderr
    if as_json:
        assert outcome.json["identity"] == BOT


def test_create_asks_for_no_key_that_it_could_not_store(daemon, run, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path, problem in {
        taken: "exists already; give a new file",
        tmp_path / "link": "exists already",
        tmp_path / "no" / "folder": "cannot be made: No such file",
    }.items():
        outcome = run(*CREATE, "--out", str(path))
        assert (outcome.code, outcome.stdout) == (2, "")
        assert problem in outcome.stderr
    assert taken.read_text() == "mine"
    assert daemon.seen == []


def test_a_refused_creation_leaves_no_file(daemon, run, tmp_path):
    daemon.plan("CreateApiKey", status("PERMISSION_DENIED", "POLICY_DENIED", "No."))
    outcome = run(*CREATE, "--out", str(tmp_path / "secret"))
    assert outcome.code == 3
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_cannot_be_written_is_to_be_revoked(daemon, run, tmp_path, monkeypatch):
    def full(self: SecretFile, secret: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(SecretFile, "store", full)
    outcome = run(*CREATE, "--out", str(tmp_path / "secret"))
    assert (outcome.code, outcome.stdout) == (7, "")
    assert "(No space left on device)" in outcome.stderr
    assert "'signward apikey revoke ak_0000000000000001'" in outcome.stderr
    assert list(tmp_path.iterdir()) == []
    assert not any(secret in outcome.stderr for secret in daemon.secrets.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2031-01-31T12:00:00Z", dt.datetime(2031, 1, 31, 12, tzinfo=dt.UTC)),
        ("2031-01-31T12:00:00+02:00", dt.datetime(2031, 1, 31, 10, tzinfo=dt.UTC)),
    ],
)
def test_expires_may_be_a_time(daemon, run, text, expected):
    assert run("apikey", "create", "--identity", BOT, "--expires", text).code == 0
    assert daemon.calls("CreateApiKey")[0].expire_time.ToDatetime(dt.UTC) == expected


@pytest.mark.parametrize("text", ["soon", "", "2031-01-31T12:00:00", "2031-01-31", "90", "-1d"])
def test_what_is_no_end_is_a_usage_error(daemon, run, text):
    for command in ("create", "import"):
        outcome = run("apikey", command, "--identity", BOT, f"--expires={text}", input=b"s" * 30)
        assert outcome.code == 2
        assert "neither a duration such as 90d nor a time such as" in outcome.stderr
    assert daemon.seen == []


def test_identity_and_end_are_required(daemon, run):
    assert "--identity" in run("apikey", "create", "--expires", "90d").stderr
    assert "--expires" in run("apikey", "create", "--identity", BOT).stderr
    assert daemon.seen == []


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_import_takes_the_secret_from_standard_input(daemon, run, ending):
    outcome = run(*IMPORT, "--address", "10.0.0.0/8", input=OURS.encode() + ending)
    assert outcome.code == 0
    assert OURS not in outcome.stdout + outcome.stderr
    assert "imported" in outcome.stdout
    [request] = daemon.calls("ImportApiKey")
    assert request.secret == OURS
    assert list(request.address_ranges) == ["10.0.0.0/8"]


def test_import_takes_the_secret_from_a_file(daemon, run, tmp_path):
    path = tmp_path / "legacy"
    path.write_text(f"{OURS}\n")
    key = run(*IMPORT, "--file", str(path), "--json").json
    assert key["imported"] is True
    assert daemon.calls("ImportApiKey")[0].secret == OURS


def test_import_takes_no_secret_from_the_command_line(daemon, run):
    outcome = run(*IMPORT, OURS)
    assert outcome.code == 2
    assert daemon.seen == []


@pytest.mark.parametrize("content", [b"", b"\n", b"hunter2 hunter3", b"hunter2\nhunter3", b"\xff"])
def test_import_of_what_is_no_secret_does_not_show_it(daemon, run, content):
    outcome = run(*IMPORT, input=content)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "not one line of printable ASCII without spaces" in outcome.stderr
    assert "hunter" not in outcome.stderr
    assert daemon.seen == []


def test_import_of_a_missing_file_is_usage(daemon, run, tmp_path):
    outcome = run(*IMPORT, "--file", str(tmp_path / "none"))
    assert outcome.code == 2
    assert "cannot be read" in outcome.stderr


def test_import_twice_says_where_to_look(daemon, run):
    run(*IMPORT, input=OURS.encode())
    outcome = run(*IMPORT, input=OURS.encode())
    assert outcome.code == 5
    assert "signward apikey list" in outcome.stderr
    assert OURS not in outcome.stdout + outcome.stderr


def test_list_says_which_are_active(daemon, run):
    for _ in range(3):
        run(*CREATE)
    run("apikey", "create", "--identity", "dns:other", "--expires", "1d", "--address", "::1/128")
    daemon.api_keys["ak_0000000000000002"].expire_time.FromSeconds(0)
    run("apikey", "revoke", "ak_0000000000000003")
    outcome = run("apikey", "list")
    assert outcome.code == 0
    header, *rows = (line.split() for line in outcome.stdout.splitlines())
    assert header == ["ID", "IDENTITY", "STATE", "EXPIRES", "ADDRESSES", "CREATED", "BY"]
    assert [row[2] for row in rows] == ["active", "expired", "revoked", "active"]
    assert [row[4] for row in rows] == ["any", "any", "any", "::1/128"]
    assert not any(secret in outcome.stdout for secret in daemon.secrets.values())


def test_list_of_one_identity_as_json_up_to_a_limit(daemon, run):
    for _ in range(3):
        run(*CREATE)
    keys = run("apikey", "list", "--identity", BOT, "--limit", "2", "--json").json
    assert [key["id"][-1] for key in keys] == ["1", "2"]
    [request] = daemon.calls("ListApiKeys")
    assert (request.page_size, request.identity) == (2, BOT)


def test_revoke_shows_the_key_as_it_is_now(daemon, run):
    run(*CREATE)
    outcome = run("apikey", "revoke", "ak_0000000000000001")
    assert outcome.code == 0
    assert "revoked" in outcome.stdout
    assert run("apikey", "revoke", "ak_0000000000000001", "--json").json["revokeTime"]


def test_revoke_of_an_unknown_key_is_not_found(daemon, run):
    outcome = run("apikey", "revoke", "ak_9")
    assert outcome.code == 4
    assert outcome.stderr == (
        "signward: API_KEY_NOT_FOUND: There is no such API key; see 'signward apikey list'\n"
    )
