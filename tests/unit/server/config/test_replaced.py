"""The settings of the replaced service: PORT and API_KEY."""

import pytest
from signward_server.config import ConfigurationError, Settings, load
from signward_server.config.replaced import take_api_key

SECRET = "the-secret-of-the-replaced-service"  # noqa: S105


def loaded(tmp_path, text="", flags=(), **environment) -> Settings:
    file = tmp_path / "signward.toml"
    file.write_text(text)
    return load(file, environment=environment, flags=flags)


@pytest.mark.parametrize(
    ("text", "environment", "flags", "expected"),
    [
        ("", {}, (), "None"),
        ("", {"PORT": ""}, (), "None"),
        ("", {"PORT": "3000"}, (), "127.0.0.1:3000"),
        ('listen.api_keys = "192.0.2.1:1"', {"PORT": "3000"}, (), "192.0.2.1:3000"),
        ('listen.api_keys = "[::1]:1"', {"PORT": "65535"}, (), "[::1]:65535"),
        ('listen.api_keys = ""', {"PORT": "3000"}, (), "127.0.0.1:3000"),
        ("", {"PORT": "3000", "SIGNWARD_LISTEN__API_KEYS": "127.0.0.1:1"}, (), "127.0.0.1:1"),
        ("", {"PORT": "3000", "SIGNWARD_LISTEN__API_KEYS": ""}, (), "None"),
        ("", {"PORT": "3000"}, ["listen.api_keys=127.0.0.1:2"], "127.0.0.1:2"),
    ],
)
def test_port_is_the_port_of_the_listener_of_api_keys(tmp_path, text, environment, flags, expected):
    assert str(loaded(tmp_path, text, flags, **environment).listen.api_keys) == expected


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "3000 ", "٣٠٠٠", "127.0.0.1:3000"])
def test_a_malformed_port_is_refused(tmp_path, port):
    with pytest.raises(ConfigurationError) as raised:
        loaded(tmp_path, PORT=port)
    assert str(raised.value) == (
        "environment variable PORT is no port; use 1 to 65535, or set listen.api_keys instead"
    )


def test_what_port_makes_is_checked_as_any_setting(tmp_path):
    with pytest.raises(ConfigurationError) as raised:
        loaded(tmp_path, 'listen.tcp = "127.0.0.1:3000"', PORT="3000")
    assert "listen.api_keys is the address of another listener" in str(raised.value)
    with pytest.raises(ConfigurationError, match="listen is not a table"):
        loaded(tmp_path, "listen = 7", PORT="3000")


def test_the_secret_is_taken_out_of_the_environment_and_is_no_setting(tmp_path):
    environment = {"API_KEY": SECRET, "OTHER": "x"}
    assert SECRET not in repr(loaded(tmp_path, **environment))
    assert take_api_key(environment) == SECRET
    assert environment == {"OTHER": "x"}
    assert take_api_key(environment) == ""
    assert take_api_key({"API_KEY": ""}) == ""


@pytest.mark.parametrize(
    "secret", ["short", "a" * 64, "with a space in it, but long", SECRET + "\n", "ü" * 30, "\udcff"]
)
def test_a_weak_secret_is_refused_and_not_shown(secret):
    environment = {"API_KEY": secret}
    with pytest.raises(ConfigurationError) as raised:
        take_api_key(environment)
    text = str(raised.value)
    assert text.startswith(
        "environment variable API_KEY is no secret that is hard to guess; use 24"
    )
    assert secret not in text
    assert environment == {}
