"""Without caps there is nothing to spend and nothing to give back."""

from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.signing import Intent
from signward_server.limits.no_caps import NoCaps

from tests.fakes.spine.world import World

BOT = Identity(IdentityKind.CN, "bot")


def test_there_are_no_totals_to_judge_by_and_nothing_to_release():
    reservation = NoCaps().reserve(BOT, World().key(), Intent("SignRaw", {}))
    reservation.release()
    reservation.release()
    assert dict(reservation.totals) == {}


def test_nobody_can_write_totals_that_others_would_see():
    totals = NoCaps().reserve(BOT, World().key(), Intent("SignRaw", {})).totals
    assert not hasattr(totals, "__setitem__")
