"""Puts rate limits together from their section."""

from __future__ import annotations

import os
import ssl
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from signward_server.config.schema import RateLimits, RateRule
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Audit, Clock, Level, Meter
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.password_file import read_password
from signward_server.limits.failure_log import FailureLog
from signward_server.limits.failures import Failures
from signward_server.limits.memory_limits import MemoryLimits
from signward_server.limits.redis_place import RedisPlace
from signward_server.limits.rules import Per, Rule, RuledLimits

__all__ = ["build_failures", "build_limits", "rules_of"]


def rules_of(section: RateLimits) -> tuple[Rule, ...]:
    """Return the rules of a section."""
    return tuple(map(_rule, section.rules))


def build_limits(
    section: RateLimits, clock: Clock, meter: Meter, opened: ExitStack, workers: int = 1
) -> RuledLimits:
    """Return the limits; that their storage is down is no error.

    Args:
        section: The configuration.
        clock: Time.
        meter: Told of what is refused.
        opened: Takes what lets go of a storage.
        workers: How many processes limit; what they count in memory is divided among them.

    Raises:
        ConfigurationRefused: A file that the section names cannot be used.
    """
    rules = rules_of(section)
    if not section.storage:
        meter.level(Level.LIMIT_STORAGE_UP, 1)
        return MemoryLimits(rules, clock, meter, workers)
    # Its client takes 0.2 s to import, which limits in memory need not wait for.
    from signward_server.limits.shared_limits import open_shared_limits  # noqa: PLC0415  # slow

    alone = section.when_unavailable == "local"
    limits = open_shared_limits(
        rules, _place(section), alone=alone, clock=clock, meter=meter, workers=workers
    )
    opened.callback(limits.close)
    return limits


def build_failures(
    section: RateLimits, clock: Clock, meter: Meter, audit: Audit, opened: ExitStack
) -> Failures:
    """Return what counts failed authentications."""
    failures = Failures(
        limit=section.failures.limit,
        window=section.failures.window.total_seconds(),
        clock=clock,
        meter=meter,
        log=FailureLog(),
        audit=audit,
    )
    opened.callback(failures.close)
    return failures


def _rule(rule: RateRule) -> Rule:
    window = rule.window // timedelta(seconds=1)
    return Rule(MethodClass(rule.what), Per(rule.per), rule.limit, window)


def _place(section: RateLimits) -> RedisPlace:
    if section.storage_ca is not None:
        _require_certificates(section.storage_ca)
    return RedisPlace(
        url=section.storage,
        username=section.storage_username,
        password=_password(section),
        ca=section.storage_ca,
        connect_timeout=section.storage_connect_timeout.total_seconds(),
        timeout=section.storage_timeout.total_seconds(),
    )


def _password(section: RateLimits) -> str:
    path = section.storage_password
    if path is None:
        return ""
    return read_password(path, "rate_limits.storage_password", "the storage's")


def _require_certificates(path: Path) -> None:
    fix = "set rate_limits.storage_ca to a PEM bundle that the daemon can read"
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as exc:
        raise ConfigurationRefused(f"{path} holds no certificates", fix) from exc
    except OSError as exc:
        raise ConfigurationRefused(_unreadable(path, exc), fix) from exc


def _unreadable(path: Path, exc: OSError) -> str:
    return f"{path} cannot be read ({os.strerror(exc.errno or 0)})"
