"""Profiles from a file and from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from signward import Client, CredentialsError
from signward.profiles import default_path, profile_from_environment, read_profile

GOOD = """
[profiles.bot]
target = "localhost:7443"
ca = "ca.pem"
cert = "/abs/bot.pem"
key = "keys/bot.key"
server_name = "signer"
"""

KEY_ALONE = """
[profiles.bot]
target = "localhost:7444"
ca = "ca.pem"
api_key_file = "bot.secret"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "profiles.toml"
    path.write_text(GOOD)
    return path


def test_relative_paths_start_at_the_file(file, tmp_path):
    profile = read_profile("bot", file)
    assert profile.target == "localhost:7443"
    assert profile.ca == tmp_path / "ca.pem"
    assert profile.cert == Path("/abs/bot.pem")
    assert profile.key == tmp_path / "keys" / "bot.key"
    assert profile.server_name == "signer"


def test_a_tilde_is_the_home(file, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    file.write_text(GOOD.replace('"ca.pem"', '"~/ca.pem"'))
    assert read_profile("bot", file).ca == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SIGNWARD_PROFILES": "/p.toml", "XDG_CONFIG_HOME": "/x"}, "/p.toml"),
        ({"XDG_CONFIG_HOME": "/x"}, "/x/signward/profiles.toml"),
        ({}, str(Path.home() / ".config/signward/profiles.toml")),
    ],
)
def test_where_the_file_is_looked_for(environment, expected):
    assert str(default_path(environment)) == expected


def test_without_a_path_the_default_is_read(file, monkeypatch):
    monkeypatch.setenv("SIGNWARD_PROFILES", str(file))
    assert read_profile("bot").target == "localhost:7443"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "does not exist"),
        ("[", "is not TOML"),
        (b"\xff", "is not TOML"),
        ("", r"no profile 'bot' \(it has: none\); add \[profiles.bot\]"),
        ("profiles = 3", "no profile 'bot'"),
        ("[profiles.other]", r"it has: other"),
        (GOOD + 'colour = "red"', "has unknown keys: colour"),
        (GOOD.replace('ca = "ca.pem"', ""), "needs ca as a string"),
        (GOOD.replace('"ca.pem"', "7"), "needs ca as a string"),
        (GOOD.replace('"localhost:7443"', '""'), "needs target as a string"),
        (GOOD.replace('cert = "/abs/bot.pem"', ""), "needs cert as a string, or api_key_file"),
        (GOOD.replace('key = "keys/bot.key"', ""), "needs key as a string, or api_key_file"),
        (KEY_ALONE + 'cert = "bot.pem"', "needs key as a string"),
        (KEY_ALONE.replace('"bot.secret"', "7"), "needs api_key_file as a string"),
        (KEY_ALONE.replace("api_key_file", "api_key"), "has unknown keys: api_key; remove"),
    ],
)
def test_each_problem_is_named_with_the_file(file, content, problem):
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CredentialsError, match=problem) as caught:
        read_profile("bot", file)
    assert str(file) in str(caught.value)
    assert caught.value.reason == "PROFILE_INVALID"


def test_a_folder_is_no_profiles_file(tmp_path):
    with pytest.raises(CredentialsError, match="cannot be read"):
        read_profile("bot", tmp_path)


def test_the_environment_alone():
    profile = profile_from_environment(
        {
            "SIGNWARD_TARGET": "unix:/run/s",
            "SIGNWARD_CA": "/ca",
            "SIGNWARD_CERT": "/cert",
            "SIGNWARD_KEY": "/key",
            "SIGNWARD_SERVER_NAME": "signer",
        }
    )
    assert (profile.target, profile.ca, profile.cert, profile.key, profile.server_name) == (
        "unix:/run/s",
        Path("/ca"),
        Path("/cert"),
        Path("/key"),
        "signer",
    )


def test_the_environment_over_a_profile(file):
    profile = profile_from_environment(
        {
            "SIGNWARD_PROFILE": "bot",
            "SIGNWARD_PROFILES": str(file),
            "SIGNWARD_TARGET": "localhost:1",
        }
    )
    assert profile.target == "localhost:1"
    assert profile.cert == Path("/abs/bot.pem")
    assert profile.server_name == "signer"


def test_what_the_environment_lacks_is_named():
    with pytest.raises(
        CredentialsError, match=r"SIGNWARD_CERT is not set; set it, or SIG\w+_API_KEY_F"
    ):
        profile_from_environment({"SIGNWARD_TARGET": "t", "SIGNWARD_CA": "/ca"})


def test_a_profile_with_an_api_key_alone(file, tmp_path):
    file.write_text(KEY_ALONE)
    profile = read_profile("bot", file)
    assert (profile.cert, profile.key) == (None, None)
    assert profile.api_key_file == tmp_path / "bot.secret"


def test_a_profile_with_a_certificate_and_an_api_key(file, tmp_path):
    file.write_text(GOOD + 'api_key_file = "/abs/bot.secret"')
    profile = read_profile("bot", file)
    assert profile.cert == Path("/abs/bot.pem")
    assert profile.api_key_file == Path("/abs/bot.secret")


def test_the_environment_with_an_api_key_alone():
    base = {"SIGNWARD_TARGET": "t", "SIGNWARD_CA": "/ca"}
    by_file = profile_from_environment({**base, "SIGNWARD_API_KEY_FILE": "/bot.secret"})
    assert (by_file.cert, by_file.api_key_file, by_file.api_key) == (None, Path("/bot.secret"), "")
    by_value = profile_from_environment({**base, "SIGNWARD_API_KEY": "the-secret"})
    assert (by_value.cert, by_value.api_key_file) == (None, None)
    assert by_value.api_key == "the-secret"
    assert "the-secret" not in repr(by_value) + str(by_value)


def test_an_api_key_in_the_environment_wins_over_the_file_of_a_profile(file):
    file.write_text(KEY_ALONE)
    environment = {"SIGNWARD_PROFILE": "bot", "SIGNWARD_PROFILES": str(file)}
    profile = profile_from_environment({**environment, "SIGNWARD_API_KEY": "the-secret"})
    assert (profile.api_key_file, profile.api_key) == (None, "the-secret")
    profile = profile_from_environment({**environment, "SIGNWARD_API_KEY_FILE": "/other"})
    assert (profile.api_key_file, profile.api_key) == (Path("/other"), "")


def test_two_api_keys_in_the_environment_are_one_too_many():
    environment = {"SIGNWARD_API_KEY": "the-secret", "SIGNWARD_API_KEY_FILE": "/bot.secret"}
    with pytest.raises(CredentialsError, match="unset one of them") as caught:
        profile_from_environment(environment)
    assert "the-secret" not in str(caught.value)


def test_half_a_pair_beside_an_api_key_is_not_enough():
    environment = {
        "SIGNWARD_TARGET": "t", "SIGNWARD_CA": "/ca", "SIGNWARD_API_KEY": "s",
        "SIGNWARD_KEY": "/key",
    }  # fmt: skip
    with pytest.raises(CredentialsError, match="SIGNWARD_CERT is not set"):
        profile_from_environment(environment)


def test_a_client_from_a_profile_and_from_the_environment(
    daemon, authority, bot_files, tmp_path, monkeypatch
):
    path = tmp_path / "profiles.toml"
    path.write_text(
        f'[profiles.bot]\ntarget = "{daemon.target}"\nca = "{authority.ca}"\n'
        f'cert = "{bot_files.certificate}"\nkey = "{bot_files.private_key}"\n'
    )
    daemon.add_key("k")
    with Client.from_profile("bot", path) as client:
        assert client.get_key("k").id == "k"
    monkeypatch.setenv("SIGNWARD_PROFILES", str(path))
    monkeypatch.setenv("SIGNWARD_PROFILE", "bot")
    with Client.from_environment(timeout=2.0) as client:
        assert client.get_key("k").id == "k"
