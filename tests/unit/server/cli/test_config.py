"""``signward config``."""

import json
import tomllib

import pytest


def test_a_new_home_checks_out(home, invoke):
    done = invoke("config", "check", "--home", home)
    assert (done.exit_code, done.stdout) == (0, f"{home}/signward.toml is fine\n")
    assert invoke("config", "check", SIGNWARD_HOME=str(home)).exit_code == 0
    assert invoke("config", "check", SIGNWARD_CONFIG=f"{home}/signward.toml").exit_code == 0


def test_problems_of_settings_come_one_a_line(home, invoke):
    options = ["--home", home, "--set", "log.level=loud"]
    done = invoke("config", "check", *options, SIGNWARD_LIMITS__QUEUE="0", SIGNWARD_X="1")
    assert done.exit_code == 2
    assert [line.split(" is ")[0] for line in done.stderr.splitlines()] == [
        "signward: environment variable SIGNWARD_LIMITS__QUEUE: limits.queue",
        "signward: flag --set log.level: log.level",
        "signward: environment variable SIGNWARD_X: x",
    ]


def test_problems_of_the_machine_come_in_json_too(home, invoke):
    (home / "kek").chmod(0o644)
    (home / "tls/server.key").unlink()
    done = invoke("config", "check", "--home", home, "--json")
    assert done.exit_code == 2
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert [problem["source"] for problem in answer["problems"]] == [
        str(home / "tls/server.key"),
        str(home / "kek"),
    ]
    assert all(set(p) == {"source", "key", "text", "fix"} for p in answer["problems"])
    assert invoke("config", "check", "--home", home).stderr.count("\n") == 2


def test_settings_in_force_are_shown_with_their_defaults(home, invoke):
    done = invoke("config", "show", "--home", home, "--set", "limits.queue=7")
    shown = tomllib.loads(done.stdout)
    assert shown["limits"]["queue"] == 7
    assert shown["listen"]["tcp"] == "127.0.0.1:0"
    assert shown["store"]["path"] == str(home / "store/signward.db")
    as_json = json.loads(invoke("config", "show", "--home", home, "--json").stdout)
    assert as_json["shutdown"] == {"grace": "10s"}


def test_show_reports_problems_as_check_does(home, invoke):
    done = invoke("config", "show", "--home", home, "--set", "limits.queue=x")
    assert done.exit_code == 2
    assert done.stderr.startswith("signward: flag --set limits.queue: limits.queue is not a whole")


@pytest.mark.parametrize(
    ("form", "begin"),
    [("json", "{\n"), ("markdown", "### `[listen]`\n"), ("toml", "# Configuration of")],
)
def test_the_schema_comes_in_three_forms(invoke, form, begin):
    done = invoke("config", "schema", "--format", form)
    assert done.exit_code == 0
    assert done.stdout.startswith(begin)


def test_the_default_schema_is_json(invoke):
    assert json.loads(invoke("config", "schema").stdout)["title"] == "Settings"


def test_the_schema_takes_json_as_the_other_commands_do(invoke):
    expected = invoke("config", "schema", "--format", "json").stdout
    for arguments in (["--json"], ["--json", "--format", "json"]):
        done = invoke("config", "schema", *arguments)
        assert (done.exit_code, done.stdout) == (0, expected)


def test_the_schema_refuses_two_forms_at_once(invoke):
    done = invoke("config", "schema", "--json", "--format", "toml")
    assert (done.exit_code, done.stdout) == (2, "")
