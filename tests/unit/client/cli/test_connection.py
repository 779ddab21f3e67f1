"""How commands find their daemon."""

from __future__ import annotations

import pytest
from signward.cli.connection import Session
from signward.cli.output import Output

API_KEY = "signward_" + "0123456789" * 4 + "abcdefghi"


@pytest.fixture
def profiles(tmp_path, daemon, authority, bot_files):
    path = tmp_path / "profiles.toml"
    path.write_text(
        f'[profiles.bot]\ntarget = "{daemon.target}"\nca = "{authority.ca}"\n'
        f'cert = "{bot_files.certificate}"\nkey = "{bot_files.private_key}"\n'
    )
    return path


def test_flags_alone(daemon, connection, bare_run, monkeypatch):
    for name in connection:
        monkeypatch.delenv(name)
    flags = (
        "--target", connection["SIGNWARD_TARGET"], "--ca", connection["SIGNWARD_CA"],
        "--cert", connection["SIGNWARD_CERT"], "--key", connection["SIGNWARD_KEY"],
    )  # fmt: skip
    assert bare_run("health", *flags).stdout == "SERVING\n"


def test_a_flag_wins_over_the_environment(run):
    outcome = run("health", "--target", "localhost:1", "--timeout", "2")
    assert outcome.code == 6


def test_a_named_profile_wins_over_the_environment(run, profiles, monkeypatch):
    monkeypatch.setenv("SIGNWARD_TARGET", "localhost:1")
    assert run("health", "--profile", "bot", "--profiles", str(profiles)).code == 0


def test_a_flag_wins_over_a_named_profile(run, profiles):
    outcome = run(
        "health", "--profile", "bot", "--profiles", str(profiles), "--server-name", "elsewhere",
        "--timeout", "2",
    )  # fmt: skip
    assert outcome.code == 6


def test_nothing_at_all_says_what_to_give(bare_run, monkeypatch):
    for name in ("TARGET", "CA", "CERT", "KEY", "API_KEY", "API_KEY_FILE", "PROFILE", "PROFILES"):
        monkeypatch.delenv(f"SIGNWARD_{name}", raising=False)
    outcome = bare_run("health")
    assert outcome.code == 2
    assert outcome.stderr == (
        "signward: PROFILE_INVALID: SIGNWARD_TARGET is not set; set it, or SIGNWARD_PROFILE to a "
        "profile; or give --profile, or --target, --ca, --cert and --key (or --api-key-file)\n"
    )


def test_a_missing_file_is_usage(run):
    outcome = run("health", "--ca", "/nonexistent/ca.pem")
    assert outcome.code == 2
    assert "/nonexistent/ca.pem does not exist" in outcome.stderr


def test_a_url_is_no_target(run):
    outcome = run("health", "--target", "https://localhost:1")
    assert outcome.code == 2
    assert "host:port or unix:/path" in outcome.stderr


def test_every_call_has_the_timeout_that_was_given(daemon, run):
    daemon.add_key("k")
    run("key", "get", "k", "--timeout", "60")
    assert daemon.seen[0].time_remaining == pytest.approx(60, abs=5)


@pytest.fixture
def api_key_file(tmp_path):
    path = tmp_path / "bot.secret"
    path.write_text(f"{API_KEY}\n")
    return path


def test_an_api_key_from_a_file_goes_out_beside_the_certificate(daemon, run, api_key_file):
    assert run("health", "--api-key-file", str(api_key_file)).code == 0
    assert daemon.seen[0].authorization == (f"Bearer {API_KEY}",)


def test_an_api_key_from_the_environment(daemon, run, api_key_file, monkeypatch):
    monkeypatch.setenv("SIGNWARD_API_KEY", API_KEY)
    assert run("health").code == 0
    monkeypatch.delenv("SIGNWARD_API_KEY")
    monkeypatch.setenv("SIGNWARD_API_KEY_FILE", str(api_key_file))
    assert run("health").code == 0
    assert [seen.authorization for seen in daemon.seen] == [(f"Bearer {API_KEY}",)] * 2


def test_a_file_that_is_named_wins_over_the_secret_in_the_environment(
    daemon, run, api_key_file, monkeypatch
):
    monkeypatch.setenv("SIGNWARD_API_KEY", "another-secret-from-before")
    assert run("health", "--api-key-file", str(api_key_file)).code == 0
    assert daemon.seen[0].authorization == (f"Bearer {API_KEY}",)


def test_a_named_profile_leaves_the_api_key_of_the_environment_out(
    daemon, run, profiles, monkeypatch
):
    monkeypatch.setenv("SIGNWARD_API_KEY", API_KEY)
    assert run("health", "--profile", "bot", "--profiles", str(profiles)).code == 0
    assert daemon.seen[0].authorization == ()


def test_an_api_key_alone(open_daemon, connection, bare_run, api_key_file, monkeypatch):
    for name in ("SIGNWARD_CERT", "SIGNWARD_KEY"):
        monkeypatch.delenv(name)
    flags = ("--target", open_daemon.target, "--api-key-file", str(api_key_file))
    assert bare_run("health", *flags).stdout == "SERVING\n"
    assert open_daemon.seen[0].authorization == (f"Bearer {API_KEY}",)


def test_a_file_without_api_key_is_usage(daemon, run, tmp_path):
    outcome = run("health", "--api-key-file", str(tmp_path / "none"))
    assert outcome.code == 2
    assert "API key" in outcome.stderr
    assert "does not exist" in outcome.stderr
    assert daemon.seen == []


def test_a_session_shows_no_api_key():
    session = Session({"SIGNWARD_API_KEY": API_KEY}, 5.0, Output(as_json=False))
    assert API_KEY not in f"{session!r}{session!s}"
