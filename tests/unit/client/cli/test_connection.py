"""How commands find their daemon."""

from __future__ import annotations

import pytest


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
    for name in ("TARGET", "CA", "CERT", "KEY", "PROFILE", "PROFILES"):
        monkeypatch.delenv(f"SIGNWARD_{name}", raising=False)
    outcome = bare_run("health")
    assert outcome.code == 2
    assert outcome.stderr == (
        "signward: PROFILE_INVALID: SIGNWARD_TARGET is not set; set it, or SIGNWARD_PROFILE to a "
        "profile; or give --profile, or --target, --ca, --cert and --key\n"
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
