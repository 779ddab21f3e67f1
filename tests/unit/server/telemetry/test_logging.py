"""JSON logs without payloads or secrets."""

import io
import json
import logging
import sys
import threading

import pytest
import structlog
from signward_server.telemetry.logging import configure_logging, flush_logging, log_unhandled

PAYLOAD = "what-a-caller-sent"


@pytest.fixture
def logs():
    """Returns a function that configures a level and one that returns the records."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in list(root.manager.loggerDict)}
    hooks = sys.excepthook, threading.excepthook

    class Logs:
        def configure(self, level: str = "info") -> None:
            structlog.reset_defaults()
            configure_logging(level, stream)

        def records(self) -> list[dict]:
            flush_logging()
            assert PAYLOAD not in stream.getvalue()
            return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield Logs()
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in list(root.manager.loggerDict):
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


def test_records_of_both_kinds_are_json_lines(logs):
    logs.configure()
    structlog.get_logger("signward_server.x").info("signed", key="k", count=3)
    logging.getLogger("grpc").warning("odd %s", "thing")
    ours, theirs = logs.records()
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "signed", "key": "k", "count": 3, "level": "info", "logger": "signward_server.x",
    }  # fmt: skip
    assert theirs["event"] == "odd thing"
    assert (theirs["level"], theirs["logger"]) == ("warning", "grpc")


@pytest.mark.parametrize(
    ("level", "seen"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_is_the_least_that_is_logged(logs, level, seen):
    logs.configure(level)
    log = structlog.get_logger("signward_server.x")
    for each in ("debug", "info", "warning", "error"):
        getattr(log, each)(each)
    assert [record["event"] for record in logs.records()] == seen


@pytest.mark.parametrize(
    "name", ["grpc", "grpc._cython", "sqlalchemy.engine.Engine", "alembic", "botocore.auth", "x"]
)
def test_debugging_us_does_not_make_others_talk(logs, name):
    logs.configure("debug")
    logging.getLogger(name).debug("request: %s", PAYLOAD)
    logging.getLogger(name).setLevel(logging.DEBUG)  # as some libraries do by themselves
    logging.getLogger(name).debug("request: %s", PAYLOAD)
    assert logs.records() == []


def test_statements_with_their_parameters_stay_out(logs):
    logs.configure("debug")
    logging.getLogger("sqlalchemy.engine.Engine").info("INSERT %s", PAYLOAD)
    logging.getLogger("sqlalchemy.pool").warning("exhausted")
    assert [record["event"] for record in logs.records()] == ["exhausted"]


def raised() -> BaseException:
    with pytest.raises(ValueError, match=PAYLOAD) as caught:
        raise ValueError(PAYLOAD) from KeyError(PAYLOAD)
    return caught.value


def test_exceptions_are_types_and_places_without_their_texts(logs):
    logs.configure()
    error = raised()
    log = structlog.get_logger("signward_server.x")
    log.error("one", exc_info=error)
    log.error("two", exc_info=(type(error), error, error.__traceback__))
    logging.getLogger("signward_server.y").error("three", exc_info=error)
    try:
        raise error
    except ValueError:
        log.exception("four")
    log.error("five")
    *with_error, without = logs.records()
    assert [record["error"] for record in with_error] == ["ValueError"] * 4
    assert all(record["at"][-1].endswith(" raised") for record in with_error)
    assert "error" not in without


def test_values_that_are_no_json_show_their_type_only(logs):
    logs.configure()
    structlog.get_logger("signward_server.x").info("odd", value=PAYLOAD.encode(), error=raised())
    (record,) = logs.records()
    assert record["value"] == "<bytes>"
    assert record["error"] == "<ValueError>"


def test_what_nobody_caught_is_logged_without_its_text(logs, capsys):
    logs.configure()
    log_unhandled()
    error = raised()
    sys.excepthook(type(error), error, error.__traceback__)

    def fails() -> None:
        raise ValueError(PAYLOAD)

    thread = threading.Thread(target=fails, name="worker")
    thread.start()
    thread.join(10)
    first, second = logs.records()
    assert (first["event"], first["level"], first["error"]) == (
        "unhandled",
        "critical",
        "ValueError",
    )
    assert (second["event"], second["thread"]) == ("unhandled", "worker")
    assert PAYLOAD not in capsys.readouterr().err


def test_configuring_twice_does_not_log_twice(logs):
    logs.configure()
    logs.configure()
    structlog.get_logger("signward_server.x").info("once")
    assert len(logs.records()) == 1


def test_fields_of_our_own_records_are_kept_and_those_of_others_are_not(logs):
    logs.configure()
    logging.getLogger("signward_server.y").error("refused", extra={"part": "policy"})
    logging.getLogger("grpc").error("odd", extra={"secret": PAYLOAD})
    ours, theirs = logs.records()
    assert (ours["event"], ours["part"]) == ("refused", "policy")
    assert "secret" not in theirs
