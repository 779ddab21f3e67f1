"""Reads the whole configuration at once and reports everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from signward_server.config.addresses import Resolve, system_resolve
from signward_server.config.explain import explained
from signward_server.config.problems import ConfigurationError, Problem
from signward_server.config.schema import Settings
from signward_server.config.sharing import unshareable
from signward_server.config.sources import Sources

__all__ = ["load", "validated"]


def load(
    file: Path | None,
    *,
    environment: Mapping[str, str],
    flags: Iterable[str] = (),
    resolve: Resolve = system_resolve,
    guarded: bool = False,
) -> Settings:
    """Return the settings of a TOML file, the environment and flags, in rising order.

    Relative paths, wherever they stand, start at the file's folder; without a file at the
    working directory.

    Args:
        file: TOML file, ``None`` for none.
        environment: Variables; ``SIGNWARD_LISTEN__TCP`` sets ``listen.tcp``, and ``PORT``
            what ``config.replaced`` says.
        flags: ``listen.tcp=127.0.0.1:7443`` and so on.
        resolve: Finds the addresses of a host name.
        guarded: Whether to refuse a file that others than this user and root can change.

    Raises:
        ConfigurationError: With every problem.
    """
    sources = Sources()
    if file is not None:
        sources.add_file(file, guarded=guarded)
    sources.add_replaced(environment)
    sources.add_environment(environment)
    sources.add_flags(flags)
    base = file.absolute().parent if file is not None else Path.cwd()
    return validated(sources, base, resolve)


def validated(sources: Sources, base: Path, resolve: Resolve) -> Settings:
    """Return the settings of sources that have been read.

    Args:
        sources: What was read.
        base: Where relative paths start, absolute.
        resolve: Finds the addresses of a host name.

    Raises:
        ConfigurationError: With every problem of reading and of validation.
    """
    try:
        settings = Settings.model_validate(
            sources.values, context={"base": base, "resolve": resolve}
        )
    except ValidationError as exc:
        problems = explained(exc.errors(include_url=False, include_input=False), sources.origin)
        raise ConfigurationError([*sources.problems, *problems]) from None
    if sources.problems:
        raise ConfigurationError(sources.problems)
    if problems := [
        Problem(sources.origin(tuple(key.partition("[")[0].split("."))), key, text, fix)
        for key, text, fix in unshareable(settings)
    ]:
        raise ConfigurationError(problems)
    return settings
