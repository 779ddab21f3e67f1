"""Parts that are read again when a test says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signward_server.core.ports import Reloaded, ReloadPart

__all__ = ["FakeReloads"]


class FakeReloads:
    """Implements ``core.ports.Reloads``.

    Attributes:
        asked: The parts that were to be read again, call by call.
        problems: Why a part stays as it is.
    """

    def __init__(self) -> None:
        self.asked: list[list[ReloadPart]] = []
        self.problems: dict[ReloadPart, str] = {}

    def reload(self, parts: Iterable[ReloadPart]) -> Sequence[Reloaded]:
        wanted = list(parts)
        self.asked.append(wanted)
        return [
            Reloaded(
                part,
                version=part.value.encode().hex(),
                changed=part not in self.problems,
                problem=self.problems.get(part, ""),
            )
            for part in ReloadPart
            if not wanted or part in wanted
        ]
