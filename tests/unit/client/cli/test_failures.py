"""One line, one exit code, something to do next."""

from __future__ import annotations

import json

import grpc
import pytest
import typer
from signward import errors
from signward.cli.app import app
from signward.cli.failures import guard, printable
from signward.cli.report import exit_code, line

from tests.fakes.statuses import status

CODES = {
    "UNAUTHENTICATED": 3,
    "PERMISSION_DENIED": 3,
    "NOT_FOUND": 4,
    "INVALID_ARGUMENT": 5,
    "FAILED_PRECONDITION": 5,
    "ALREADY_EXISTS": 5,
    "ABORTED": 5,
    "UNAVAILABLE": 6,
    "DEADLINE_EXCEEDED": 6,
    "RESOURCE_EXHAUSTED": 6,
    "CANCELLED": 6,
    "INTERNAL": 7,
    "DATA_LOSS": 7,
    "UNIMPLEMENTED": 7,
    "UNKNOWN": 7,
    "OUT_OF_RANGE": 7,
}


@pytest.mark.parametrize(("code", "expected"), CODES.items())
def test_each_status_has_its_exit_code(daemon, run, code, expected):
    daemon.plan("GetKey", status(code, "SOME_REASON", "A constant text."))
    outcome = run("key", "get", "k")
    assert outcome.code == expected
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("signward: SOME_REASON: A constant text")
    assert outcome.stderr.count("\n") == 1


def test_a_message_that_is_too_large_is_a_wrong_request(daemon, run):
    daemon.plan("GetKey", status("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE", "A constant text."))
    outcome = run("key", "get", "k")
    assert outcome.code == 5
    assert outcome.stderr.endswith("; send less at once\n")


def test_a_denial_names_the_policies_that_decided(daemon, run):
    metadata = {"policies": "no-sales,no-dogs"}
    daemon.plan("GetKey", status("PERMISSION_DENIED", "POLICY_DENIED", "No.", metadata=metadata))
    outcome = run("key", "get", "k")
    assert outcome.stderr.startswith("signward: POLICY_DENIED: No (denied by no-sales,no-dogs); ")


def test_api_keys_that_are_too_many_stay_too_many(daemon, run):
    daemon.plan("CreateApiKey", status("RESOURCE_EXHAUSTED", "API_KEY_QUOTA", "Too many."))
    outcome = run("apikey", "create", "--identity", "dns:bot", "--expires", "1d")
    assert outcome.code == 5
    assert outcome.stderr.endswith("; use those that there are; revoked and expired ones count\n")


def test_no_status_is_forgotten():
    assert set(CODES) == {code.name for code in grpc.StatusCode} - {"OK"}


def test_credentials_are_usage():
    assert exit_code(errors.CredentialsError("x")) == 2


def test_errors_as_json_are_one_line_too(daemon, run):
    daemon.plan(
        "GetKey",
        status(
            "RESOURCE_EXHAUSTED",
            "RATE_LIMITED",
            "Too many requests.",
            metadata={"limit": "5"},
            retry_after=1.5,
            fields={"key_id": "slower"},
        ),
    )
    outcome = run("key", "get", "k", "--json")
    assert outcome.code == 6
    assert outcome.stdout == ""
    assert outcome.stderr.count("\n") == 1
    assert json.loads(outcome.stderr)["error"] == {
        "status": "RESOURCE_EXHAUSTED",
        "reason": "RATE_LIMITED",
        "message": "Too many requests.",
        "metadata": {"limit": "5"},
        "fields": {"key_id": "slower"},
        "retryAfter": 1.5,
        "next": "try again in 1.5 s",
    }


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0025, "0.0025 s"),
        (1.5, "1.5 s"),
        (119.2, "119 s"),
        (120.0, "2 min"),
        (3_601.0, "61 min"),
        (7_200.0, "2 h"),
        (86_771.07, "25 h"),
        (172_800.5, "3 d"),
    ],
)
def test_a_wait_is_told_as_people_say_it(seconds, told):
    error = errors.ResourceExhausted("Slowly.", reason="SPEND_LIMIT", retry_after=seconds)
    assert line(error, as_json=False) == f"signward: SPEND_LIMIT: Slowly; try again in {told}"


def test_what_is_too_much_by_itself_is_not_to_be_tried_again():
    error = errors.ResourceExhausted("Too much.", reason="SPEND_LIMIT")
    expected = "signward: SPEND_LIMIT: Too much; ask for less: by itself it is above the limit"
    assert line(error, as_json=False) == expected


def test_an_error_with_nothing_to_do_ends_with_its_text():
    assert line(errors.Cancelled("gone"), as_json=False) == "signward: CANCELLED: gone"


def test_fields_at_fault_take_the_place_of_the_text():
    error = errors.InvalidArgument(
        "A field of the request is invalid.",
        reason="FIELD_INVALID",
        violations=[errors.FieldViolation("a", "Must be set."), errors.FieldViolation("b", "No.")],
    )
    expected = "signward: FIELD_INVALID: a: Must be set; b: No; correct the request"
    assert line(error, as_json=False) == expected


def test_help_that_was_asked_for_with_nothing_is_no_error(capsys):
    def nothing() -> None:
        raise typer.TyperException("")

    assert guard(nothing) == 1
    assert capsys.readouterr().err == ""


def test_text_of_others_stays_on_one_line_and_steers_nothing():
    assert printable("a\n\tb\x1b[2Jc\u202e") == "a b?[2Jc?"
    assert "\x1b" not in line(errors.NotFound("\x1b[2J"), as_json=False)


def test_a_fault_of_ours_is_no_traceback(capsys, monkeypatch):
    monkeypatch.delenv("SIGNWARD_DEBUG", raising=False)

    def broken() -> None:
        raise ZeroDivisionError("secret")

    assert guard(broken) == 7
    assert capsys.readouterr().err == (
        "signward: internal error (ZeroDivisionError); SIGNWARD_DEBUG=1 shows where\n"
    )
    monkeypatch.setenv("SIGNWARD_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        guard(broken)


@pytest.mark.parametrize(("error", "code"), [("Abort", 130), ("Exit", 4)])
def test_interruption_and_exit_codes_pass(error, code):
    def interrupted() -> None:
        raise typer.Abort

    assert guard(interrupted if error == "Abort" else lambda: 4) == code


def test_a_pipe_that_closed_is_no_traceback():
    def closed() -> None:
        raise BrokenPipeError

    assert guard(closed) == 7


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("nothing",), "No such command 'nothing'"),
        (("key", "nothing"), "No such command 'nothing'"),
        (("--nothing",), "No such option"),
        (("key",), "Missing command"),
        (("key", "get"), "Missing argument"),
    ],
)
def test_wrong_usage_is_one_line(bare_run, arguments, problem):
    outcome = bare_run(*arguments)
    assert outcome.code == 2
    assert outcome.stderr.startswith("signward: ")
    assert outcome.stderr.count("\n") == 1
    assert problem.lower() in outcome.stderr.lower()
    assert "--help'" in outcome.stderr


def test_no_arguments_show_the_help(bare_run):
    outcome = bare_run()
    assert outcome.code == 2
    assert "Usage: signward" in outcome.stdout


def test_the_app_is_one_typer_app():
    assert app.info.help
