"""Reloads by a call reach one worker; this takes them to all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from signward_server.core.ports import Reloaded, ReloadPart, Reloads

__all__ = ["Others", "ReloadsEverywhere"]

_UNKNOWN = "the other workers have not answered"


class Others(Protocol):
    """The other workers of the home."""

    def reload(self, parts: Iterable[ReloadPart]) -> Mapping[int, Sequence[Reloaded]]:
        """Have them read parts again; all parts if none is named.

        Returns:
            What is in force of each, by the worker's number: nothing for one that has not
            answered.

        Raises:
            TimeoutError: It is not known what has become of that.
        """
        ...


class ReloadsEverywhere:
    """Implements ``core.ports.Reloads`` for all workers.

    Args:
        here: Reads again in this process.
        others: All others.
    """

    def __init__(self, here: Reloads, others: Others) -> None:
        self._here = here
        self._others = others

    def reload(self, parts: Iterable[ReloadPart] = (), *, wait: bool = True) -> Sequence[Reloaded]:
        """Read parts again, here and then everywhere else; see ``core.ports.Reloads``.

        A part that another worker has refused, or has not answered for, is refused.
        """
        parts = tuple(parts)
        here = self._here.reload(parts, wait=wait)
        try:
            others = self._others.reload(parts)
        except TimeoutError:
            return [replace(result, problem=_joined(result, _UNKNOWN)) for result in here]
        return [_everywhere(result, others) for result in here]


def _everywhere(here: Reloaded, others: Mapping[int, Sequence[Reloaded]]) -> Reloaded:
    problems: list[str] = []
    for number, results in others.items():
        there = next((result for result in results if result.part is here.part), None)
        if there is None:
            problems.append(f"worker {number} has not answered")
        elif there.problem and there.problem not in (here.problem, *problems):
            problems.append(there.problem)
        elif there.version != here.version and not there.problem:
            problems.append(f"worker {number} has found another version")
    return replace(here, problem=_joined(here, *problems))


def _joined(here: Reloaded, *problems: str) -> str:
    return "\n".join([here.problem, *problems] if here.problem else problems)
