"""Parts that are read again when a test says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signward_server.core.errors import RateLimited
from signward_server.core.ports import Reloaded, ReloadPart

__all__ = ["FakeReloads"]


class FakeReloads:
    """Implements ``core.ports.Reloads``.

    Attributes:
        asked: The parts that were to be read again, call by call.
        problems: Why a part stays as it is.
        under_way: Whether another reload is.
    """

    def __init__(self) -> None:
        self.asked: list[list[ReloadPart]] = []
        self.problems: dict[ReloadPart, str] = {}
        self.under_way = False

    def reload(self, parts: Iterable[ReloadPart], *, wait: bool = True) -> Sequence[Reloaded]:
        if self.under_way and not wait:
            raise RateLimited(retry_after=1.0)
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
