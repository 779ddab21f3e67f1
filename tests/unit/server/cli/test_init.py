"""``signward init``."""

import json
import tomllib

import pytest


def test_it_says_what_it_made_and_what_comes_next(tmp_path, invoke):
    done = invoke("init", tmp_path / "my home")
    assert done.exit_code == 0
    home, profiles = tmp_path / "my home", tmp_path / "my home/clients/profiles.toml"
    assert done.stdout.splitlines()[-2:] == [
        f"  signward serve --home '{home}'",
        f"  SIGNWARD_PROFILES='{profiles}' SIGNWARD_PROFILE=bot signward health",
    ]
    assert str(tmp_path / "my home-ca") in done.stdout
    assert invoke("config", "check", "--home", home).exit_code == 0


def test_it_answers_in_json(tmp_path, invoke):
    done = invoke("init", tmp_path / "h", "--tcp", "", "--http", "", "--json")
    assert json.loads(done.stdout) == {
        "home": str(tmp_path / "h"),
        "ca": str(tmp_path / "h-ca"),
        "config": str(tmp_path / "h/signward.toml"),
        "policies": str(tmp_path / "h/policies"),
        "profiles": str(tmp_path / "h/clients/profiles.toml"),
    }
    written = tomllib.loads((tmp_path / "h/signward.toml").read_text())
    assert written["listen"] == {"tcp": "", "unix": "run/signward.sock", "http": ""}


def test_it_refuses_to_overwrite(home, invoke):
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    done = invoke("init", home)
    assert done.exit_code == 2
    assert done.stderr == (
        f"signward: {home} exists; nothing in it was touched; choose another folder\n"
    )
    assert before == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("option", ["--tcp", "--http"])
def test_an_address_that_is_none_makes_no_home(tmp_path, invoke, option):
    done = invoke("init", tmp_path / "h", option, "192.0.2.7")
    assert done.exit_code == 2
    assert "is not HOST:PORT" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, invoke):
    (tmp_path / "file").touch()
    done = invoke("init", tmp_path / "file" / "h")
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "nothing was left behind" in done.stderr


def test_unlisted_libraries_are_taken_and_the_daemon_told(tmp_path, invoke):
    done = invoke("init", tmp_path / "h", "--allow-unlisted-libraries")
    assert done.exit_code == 0
    written = tomllib.loads((tmp_path / "h/signward.toml").read_text())
    assert written["custody"]["envelope"]["allow_unlisted_libraries"] is True
