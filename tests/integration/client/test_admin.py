"""Administration of a real daemon, by the library and by the command line."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from signward import Algorithm, Client, Freeze, Purpose, ReloadPart, errors
from signward.cli.app import app
from typer.testing import CliRunner, Result

from tests.running.reloads import reload

pytestmark = pytest.mark.integration

OURS = "correct-horse-battery-staple-42"
HOUR = dt.timedelta(hours=1)


def make(admin: Client, key_id: str, purpose: Purpose.ValueType, **labels: str) -> None:
    algorithm = Algorithm.ALGORITHM_ED25519
    admin.create_key(key_id, algorithm=algorithm, purpose=purpose, labels=labels)


def test_api_keys_are_made_listed_and_revoked(admin):
    before = dt.datetime.now(dt.UTC)
    made = admin.admin.create_api_key(
        "apikey:reports", expires=HOUR, address_ranges=["127.0.0.0/8", "::1/128"]
    )
    key = made.api_key
    assert made.secret.startswith("signward_")
    assert len(made.secret) == len("signward_") + 43 + 6
    assert key.identity == "apikey:reports"
    assert list(key.address_ranges) == ["127.0.0.0/8", "::1/128"]
    assert abs(key.expire_time.ToDatetime(dt.UTC) - before - HOUR) < dt.timedelta(minutes=1)
    imported = admin.admin.import_api_key("apikey:legacy", OURS, expires=HOUR)
    assert imported.imported
    keys = {found.id: found for found in admin.admin.list_api_keys(page_size=1)}
    assert keys[key.id] == key
    assert keys[imported.id] == imported
    assert [found.id for found in admin.admin.list_api_keys(identity="apikey:reports")] == [key.id]
    revoked = admin.admin.revoke_api_key(key.id)
    assert revoked.HasField("revoke_time")
    assert admin.admin.revoke_api_key(key.id) == revoked
    assert not [text for text in (str(made), str(keys), str(revoked)) if made.secret in text]


def test_a_secret_is_imported_once(admin):
    secret = f"{OURS}-once"
    admin.admin.import_api_key("apikey:legacy", secret, expires=HOUR)
    with pytest.raises(errors.AlreadyExists) as caught:
        admin.admin.import_api_key("apikey:legacy", secret, expires=HOUR)
    assert caught.value.reason == "API_KEY_EXISTS"


def test_wrong_fields_are_named_and_secrets_are_not_shown(admin):
    for call, fields in (
        (lambda: admin.admin.create_api_key("nobody", expires=HOUR), ["identity"]),
        (lambda: admin.admin.create_api_key("cn:bot", expires=-HOUR), ["expire_time"]),
        (lambda: admin.admin.import_api_key("cn:bot", "hunter2", expires=HOUR), ["secret"]),
    ):
        with pytest.raises(errors.InvalidArgument) as caught:
            call()
        assert [violation.field for violation in caught.value.violations] == fields
        assert "hunter2" not in str(caught.value)


def test_an_unknown_api_key_is_not_found(admin):
    with pytest.raises(errors.NotFound) as caught:
        admin.admin.revoke_api_key("ak_0000000000000000")
    assert caught.value.reason == "API_KEY_NOT_FOUND"


def test_frozen_keys_do_not_sign(admin):
    make(admin, "frozen-raw", Purpose.PURPOSE_RAW, team="frozen")
    make(admin, "frozen-order", Purpose.PURPOSE_ORDER, team="frozen")
    assert admin.admin.freeze_key(labels={"team": "frozen"}, reason="test") == [
        "frozen-order",
        "frozen-raw",
    ]
    assert admin.get_key("frozen-raw").freeze == Freeze.FREEZE_ALL
    with pytest.raises(errors.FailedPrecondition) as caught:
        admin.sign_raw("frozen-raw", b"m")
    assert caught.value.reason == "KEY_FROZEN"
    mode = Freeze.FREEZE_CANCEL_ONLY
    assert admin.admin.freeze_key("frozen-order", mode=mode) == ["frozen-order"]
    order = {"coin": "BTC", "is_buy": True, "sz": "0.5", "limit_px": "42000"}
    now = time.time_ns() // 1_000_000
    with pytest.raises(errors.FailedPrecondition, match="KEY_FROZEN"):
        admin.sign_order("frozen-order", action="order", timestamp=now, **order)
    assert admin.admin.unfreeze_key("frozen-order") == ["frozen-order"]
    assert admin.sign_order("frozen-order", action="order", timestamp=now, **order).key
    with pytest.raises(errors.NotFound, match="KEY_NOT_FOUND"):
        admin.admin.freeze_key("nobody-knows")


def test_the_command_line_administers(daemon, tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNWARD_PROFILES", str(daemon.profiles))
    monkeypatch.setenv("SIGNWARD_PROFILE", "admin")

    def run(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(app, arguments, input=given)

    who = ("--identity", "apikey:cli", "--expires", "1h")
    secret = run("apikey", "create", *who).stdout.strip()
    made = run("apikey", "create", *who, "--out", str(tmp_path / "secret"), "--json")
    key_id = json.loads(made.stdout)["id"]
    assert run("apikey", "import", *who, given=f"{OURS}-cli\n").exit_code == 0
    listed = run("apikey", "list", "--identity", "apikey:cli")
    assert listed.stdout.count("active") == 3
    assert run("apikey", "revoke", key_id).exit_code == 0
    listed = run("apikey", "list", "--identity", "apikey:cli")
    assert listed.stdout.count("active") == 2
    stored = (tmp_path / "secret").read_text().strip()
    assert len({secret, stored}) == 2
    assert not [text for text in (secret, stored) if text in made.output + listed.output]
    run("key", "create", "cli-frozen", "--algorithm", "ed25519", "--purpose", "raw")
    assert run("key", "freeze", "cli-frozen").stdout == "cli-frozen\n"
    assert "KEY_FROZEN" in run("sign", "raw", "cli-frozen", "m").stderr
    assert run("key", "unfreeze", "cli-frozen").stdout == "cli-frozen\n"
    assert run("sign", "raw", "cli-frozen", "m").exit_code == 0
    assert run("key", "freeze", "--label", "team=nobody").exit_code == 4


def test_what_did_not_change_is_reloaded_as_it_is(admin):
    results = reload(admin, [])
    assert ReloadPart.RELOAD_PART_POLICY in {result.part for result in results}
    assert [(result.changed, result.problem) for result in results] == [(False, "")] * len(results)
    assert all(len(bytes.fromhex(result.version)) == 32 for result in results)


def test_a_bad_policy_keeps_the_old_one_and_says_why(daemon, admin):
    bad = daemon.home / "policies" / "bad.cedar"
    bad.write_text("permit (principal, action, resource")
    try:
        [result] = reload(admin, [ReloadPart.RELOAD_PART_POLICY])
    finally:
        bad.unlink()
    assert not result.changed
    assert "bad.cedar" in result.problem
    [restored] = reload(admin, [ReloadPart.RELOAD_PART_POLICY])
    assert (restored.version, restored.problem) == (result.version, "")


def test_operators_work_is_not_for_everybody(client):
    with pytest.raises(errors.PermissionDenied) as caught:
        list(client.admin.list_api_keys())
    assert caught.value.reason == "POLICY_DENIED"
