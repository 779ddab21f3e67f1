"""Structured logs: one JSON object a line on standard error, without payloads or secrets.

Exceptions are logged as their types and places. Their texts may hold what a caller sent or
what a library read, so they stay out.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from signward_server.telemetry.spool import Spool

__all__ = [
    "configure_logging",
    "flush_logging",
    "log_unhandled",
    "logging_alive",
    "lost_records",
    "set_level",
]

_OURS = "signward_server"
_DEEPEST = 16

_extras = structlog.stdlib.ExtraAdder()

# Libraries that print statements, parameters, requests or responses below these levels.
_PINNED = {
    "alembic": logging.INFO,
    "alembic.runtime.plugins": logging.WARNING,
    "asyncio": logging.INFO,
    "botocore": logging.INFO,
    "boto3": logging.INFO,
    "grpc": logging.INFO,
    "hpack": logging.INFO,
    "sqlalchemy": logging.WARNING,
    "urllib3": logging.INFO,
}


def configure_logging(
    level: str, stream: TextIO, always: Mapping[str, object] | None = None
) -> None:
    """Send structlog's and the standard library's records to a stream as JSON.

    Nobody who logs waits for the stream; see ``Spool``.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``; below ``info`` it holds for
            the daemon's own loggers only.
        stream: Where to.
        always: What every record has besides its own.
    """
    fixed = dict(always or {})
    shared: list[Processor] = [
        lambda _logger, _name, event: {**event, **fixed},
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_as_places,
    ]
    handler = Spool(stream)
    handler.addFilter(_foreign_debug_stays_out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _own_fields],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=_only_the_type),
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        if isinstance(old, Spool):
            old.close()
    root.addHandler(handler)
    set_level(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def set_level(level: str) -> None:
    """Log from this level on; libraries that print secrets below theirs stay quiet.

    Args:
        level: See ``configure_logging``.
    """
    own = getattr(logging, level.upper())
    logging.getLogger().setLevel(max(own, logging.INFO))
    logging.getLogger(_OURS).setLevel(own)
    for name, least in _PINNED.items():
        logging.getLogger(name).setLevel(max(own, least))


def flush_logging() -> None:
    """Wait for what was logged to be written, but not for long; the process's end does so too."""
    for spool in _spools():
        spool.flush()


def lost_records() -> int:
    """Return how many records were dropped because nobody took them."""
    return sum(spool.lost for spool in _spools())


def logging_alive() -> bool:
    """Return whether what is logged is still written, or waits only for whoever reads it."""
    return all(spool.alive for spool in _spools())


def log_unhandled() -> None:
    """Log what nobody caught, in any thread, in place of a traceback with its text."""
    log = structlog.get_logger(_OURS)

    def in_main(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.critical("unhandled", exc_info=(kind, error, trace))

    def in_thread(arguments: threading.ExceptHookArgs) -> None:
        error = arguments.exc_value
        log.critical("unhandled", exc_info=error, thread=getattr(arguments.thread, "name", ""))

    sys.excepthook = in_main
    threading.excepthook = in_thread


def _spools() -> list[Spool]:
    return [each for each in logging.getLogger().handlers if isinstance(each, Spool)]


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name == _OURS or record.name.startswith(f"{_OURS}.")


def _foreign_debug_stays_out(record: logging.LogRecord) -> bool:
    return _is_ours(record) or record.levelno >= logging.INFO


def _own_fields(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Take over the ``extra`` of the standard library's records, but of none but our own."""
    record = event.get("_record")
    ours = isinstance(record, logging.LogRecord) and _is_ours(record)
    return _extras(logger, name, event) if ours else event


def _exception_as_places(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    error = _exception_of(event.pop("exc_info", None))
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
        event["error"] = type(error).__qualname__
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _exception_of(info: object) -> BaseException | None:
    if isinstance(info, tuple):
        info = info[1]
    elif info is True:
        info = sys.exc_info()[1]
    return info if isinstance(info, BaseException) else None


def _only_the_type(value: object) -> str:
    return f"<{type(value).__qualname__}>"
