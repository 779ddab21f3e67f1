from __future__ import annotations

import pytest
from signward_server.core.signing import Intent
from signward_server.limits.unlimited import NoCaps, Unlimited

from tests.fakes.spine.call import BOT
from tests.fakes.spine.world import World


def test_nothing_is_counted() -> None:
    reservation = NoCaps().reserve(BOT, World().key(), Intent("SignRaw", {}))
    assert dict(reservation.totals) == {}
    reservation.release()
    reservation.release()
    assert dict(NoCaps().reserve(BOT, World().key(), Intent("SignRaw", {})).totals) == {}


def test_the_totals_that_are_shared_cannot_be_written() -> None:
    totals = NoCaps().reserve(BOT, World().key(), Intent("SignRaw", {})).totals
    with pytest.raises(TypeError):
        totals["spent"] = 1  # type: ignore[index]


def test_everything_is_admitted() -> None:
    for cost in (1, 10**9):
        assert Unlimited().admit(BOT, "/x", "key", cost) is None
