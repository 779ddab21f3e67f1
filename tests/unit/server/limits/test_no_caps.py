"""Without caps there is nothing to spend and nothing to give back."""

from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.payloads import Hash
from signward_server.core.signing import Decoded, Intent
from signward_server.limits.no_caps import NoCaps

from tests.fakes.catalogue_keys import catalogue_key

BOT = Identity(IdentityKind.CN, "bot")
KEY = catalogue_key("hot")


def test_there_are_no_totals_to_judge_by_and_nothing_to_release():
    payload = Decoded(Intent("SignRaw", {}), (b"m",), Hash.NONE)
    reservation = NoCaps().reserve(BOT, KEY, KEY.versions[0], payload)
    reservation.release()
    reservation.release()
    assert dict(reservation.totals) == {}
