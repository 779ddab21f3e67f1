"""When a spend limit lets something through again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping

from signward_server.core.ports import Reservation

__all__ = ["allowed_after"]


def allowed_after(
    reservation: Reservation, allows: Callable[[Mapping[str, int]], bool]
) -> float | None:
    """Return in how many seconds it is allowed if nothing else is counted; ``None`` for never.

    Args:
        reservation: What was counted.
        allows: Whether the policies allow it with these totals; lower ones allow no less.
    """
    ahead = list(reservation.ahead())
    found = bisect_left(ahead, True, key=lambda step: allows(step[1]))
    return ahead[found][0] if found < len(ahead) else None
