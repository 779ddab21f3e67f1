"""The caps of a configuration, checked against everything that this release can sign."""

from __future__ import annotations

from collections.abc import Iterator

from signward_server.config import ConfigurationError, Problem, Settings
from signward_server.core.caps import Cap, CapScope, misfits
from signward_server.home.policies import all_kinds

__all__ = ["caps_of", "check_caps"]

_FIX = "see `signward policy schema` for the actions and what they have"


def caps_of(settings: Settings) -> tuple[Cap, ...]:
    """Return the caps, in order of name.

    Raises:
        ConfigurationError: Names each cap that cannot count one of its actions, and why.
    """
    caps = _caps(settings)
    problems = list(_problems(caps))
    if problems:
        raise ConfigurationError(problems)
    return caps


def check_caps(settings: Settings) -> list[Problem]:
    """Return what keeps caps from counting."""
    return list(_problems(_caps(settings)))


def _caps(settings: Settings) -> tuple[Cap, ...]:
    return tuple(
        Cap(
            name=name,
            measure=rule.measure,
            actions=frozenset(rule.actions),
            window=rule.window,
            per=CapScope(rule.per),
        )
        for name, rule in sorted(settings.caps.rules.items())
    )


def _problems(caps: tuple[Cap, ...]) -> Iterator[Problem]:
    kinds = all_kinds() if caps else ()
    for cap in caps:
        for action, why in misfits(cap, kinds):
            text = f"counts {action}, which {why}"
            yield Problem("configuration", f"caps.{cap.name}", text, _FIX)
