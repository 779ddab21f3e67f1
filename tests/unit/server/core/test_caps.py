"""What a payload counts, and which actions a cap can count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.actions import ActionKind, FieldType
from signward_server.core.caps import COUNT, UNCOUNTED, Cap, CapScope, capped, misfits
from signward_server.core.errors import PayloadUnsupported
from signward_server.core.payloads import Hash
from signward_server.core.signing import Decoded, Intent

NUMBERS = {"notional": FieldType.NUMBER, "coin": FieldType.TEXT}
KINDS = (
    ActionKind(name="SignOrder", record="order", fields=NUMBERS),
    ActionKind(name="SignRaw", record="raw", fields={"size": FieldType.NUMBER}),
    ActionKind(name="GetKey"),
)


def cap(measure: str = "notional", *actions: str, name: str = "day") -> Cap:
    return Cap(
        name=name,
        measure=measure,
        actions=frozenset(actions or {"SignOrder"}),
        window=timedelta(days=1),
        per=CapScope.IDENTITY,
    )


def payload(*intents: Intent) -> Decoded:
    return Decoded(intents[0], (b"m",), Hash.NONE, more=intents[1:])


def order(**fields: object) -> Intent:
    return Intent("SignOrder", fields)


def test_what_each_intent_has_of_its_own_is_summed_up():
    orders = payload(order(notional=2), Intent("SignOther", {"notional": 9}), order(notional=3))
    assert cap().amount(orders) == 5
    assert cap("notional", "SignOther").amount(orders) == 9
    assert cap("notional", "SignOther", "SignOrder").amount(orders) == 14


@pytest.mark.parametrize("measure", ["total_notional", "orders"])
def test_what_they_say_of_the_whole_payload_counts_once(measure):
    assert cap(measure).amount(payload(order(**{measure: 7}), order(**{measure: 7}))) == 7


def test_a_payload_is_counted_once():
    assert cap(COUNT).amount(payload(order(), order())) == 1


def test_what_is_counted_by_nothing_has_no_amount():
    assert cap(COUNT).amount(payload(Intent("SignRaw", {}))) is None
    assert cap().amount(payload(order(notional=0))) == 0


def test_a_sum_may_be_beyond_what_policies_know():
    most = 2**63 - 1
    assert cap().amount(payload(order(notional=most), order(notional=most))) == 2 * most


@pytest.mark.parametrize("number", [-1, 2**63, True, "1", None, 1.0])
def test_s6_an_amount_that_is_none_is_refused(number):
    with pytest.raises(PayloadUnsupported):
        cap().amount(payload(order(notional=number)))


def test_actions_know_the_caps_that_count_them():
    kinds = capped(KINDS, [cap(name="b"), cap(COUNT, "SignRaw", "SignOrder", name="a")])
    assert [kind.windows for kind in kinds] == [("a", "b"), ("a",), ()]
    assert capped(KINDS, ()) == KINDS


def test_what_a_cap_cannot_count_is_named():
    assert list(misfits(cap(), KINDS)) == []
    assert list(misfits(cap(COUNT, "SignRaw", "SignOrder"), KINDS)) == []
    told = dict(misfits(cap("notional", "GetKey", "SignOrder", "SignRaw", "SignX"), KINDS))
    assert told == {
        "GetKey": "is no action that signs",
        "SignRaw": "has no number notional",
        "SignX": "is no action that signs",
    }
    assert dict(misfits(cap("coin"), KINDS)) == {"SignOrder": "has no number coin"}


def test_a_reservation_of_nothing_has_nothing():
    UNCOUNTED.release()
    assert dict(UNCOUNTED.totals) == {}
    assert list(UNCOUNTED.ahead()) == []
    assert not hasattr(UNCOUNTED.totals, "__setitem__")
