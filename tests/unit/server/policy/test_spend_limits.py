"""Windowed totals exist where a cap counts, and a spend limit says that it is one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.caps import COUNT, Cap, CapScope, capped
from signward_server.core.errors import PolicyDenied, PolicyError, SignwardError, SpendLimit
from signward_server.core.ports import Event
from signward_server.policy.schema import schema_text

from tests.unit.server.policy.desk import KINDS, Desk, order, problems, raw


def cap(name: str, *actions: str) -> Cap:
    window = timedelta(hours=1)
    return Cap(
        name=name, measure=COUNT, actions=frozenset(actions), window=window, per=CapScope.KEY
    )


CAPPED = capped(KINDS, [cap("day", "SignOrder"), cap("hour", "SignOrder", "SignRaw")])
TRADE = 'permit(principal, action in [Action::"SignOrder", Action::"SignRaw"], resource);'
DAY = """@id("day") @spend_limit("day") forbid(principal, action == Action::"SignOrder", resource)
when { context.window.day > 10 };"""
HOUR = """@id("hour") @spend_limit("hour")
forbid(principal, action in [Action::"SignOrder", Action::"SignRaw"], resource)
when { context.window.hour > 3 };"""
DOGE = """@id("doge") forbid(principal, action == Action::"SignOrder", resource)
when { context.order.coin == "DOGE" };"""


def answer(desk: Desk, day: int, hour: int, coin: str = "BTC") -> SignwardError | None:
    try:
        desk.sign(order(coin=coin), totals={"day": day, "hour": hour})
    except SignwardError as error:
        return error
    return None


@pytest.fixture
def desk() -> Desk:
    return Desk(TRADE, DAY, HOUR, DOGE, kinds=CAPPED)


def test_windows_exist_exactly_in_the_actions_that_a_cap_names():
    text = schema_text(CAPPED)
    windows = {
        part.split()[0]: part.partition("window: ")[2].partition("},")[0]
        for part in text.split("\naction ")
        if "window: " in part
    }
    assert windows == {"SignOrder": '{"day": Long, "hour": Long', "SignRaw": '{"hour": Long'}
    assert "window" not in schema_text(KINDS)


def test_an_unknown_window_is_refused_by_name():
    read = 'forbid(principal, action == Action::"{}", resource) when {{ context.window.{} > 1 }};'
    for action, name in (("SignOrder", "week"), ("SignRaw", "day")):
        (problem,) = problems(read.format(action, name), kinds=CAPPED)
        assert f"window.{name}" in problem.text
    (problem,) = problems(read.format("SignRawDigest", "hour"), kinds=CAPPED)
    assert "window" in problem.text
    assert problems(read.format("SignRaw", "hour"), kinds=CAPPED) == ()


def test_a_denial_by_spend_limits_alone_is_one(desk):
    assert answer(desk, 10, 3) is None
    one, both = answer(desk, 11, 3), answer(desk, 11, 4)
    assert type(one) is type(both) is SpendLimit
    assert one.metadata == {"policies": "day", "limits": "day"}
    assert both.metadata == {"policies": "day,hour", "limits": "day,hour"}
    assert desk.meter.counted == []


def test_beside_another_reason_it_is_a_denial_like_any_other(desk):
    error = answer(desk, 11, 4, "DOGE")
    assert type(error) is PolicyDenied
    assert error.metadata == {"policies": "day,doge,hour"}
    assert desk.meter.counted == [(Event.POLICY_DENIED, "SignOrder")]


def test_what_nothing_permits_is_no_spend_limit():
    desk = Desk(DAY, kinds=CAPPED)
    assert type(answer(desk, 1, 1)) is PolicyDenied


def test_s5_without_a_total_nothing_is_allowed(desk):
    for totals in (None, {}, {"day": 1}, {"day": 1, "hour": -1}, {"day": 1, "hour": 2**63}):
        with pytest.raises(PolicyError):
            desk.sign(order(), totals=totals)


def test_each_action_sees_its_own_windows_only(desk):
    desk.sign(raw(), totals={"hour": 3})
    desk.sign(raw(), totals={"hour": 3, "day": 99})
    with pytest.raises(SpendLimit):
        desk.sign(raw(), totals={"hour": 4})
    with pytest.raises(PolicyDenied):
        desk.sign(raw(action="SignRawDigest"), totals={})


WRONG = "a @spend_limit stands on a forbid, and names a cap"


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (DAY.replace("forbid", "permit"), WRONG),
        (DAY.replace('@spend_limit("day")', "@spend_limit"), WRONG),
        (DAY.replace('@spend_limit("day")', '@spend_limit("")'), WRONG),
        (DAY.replace('_limit("day")', '_limit("week")'), "there is no cap 'week' for its @spend"),
        (DAY.replace('_limit("day")', '_limit("week")'), "the configuration has no [caps.week]"),
        (DAY.replace('_limit("day")', '_limit("hour")'), "names 'hour', which it does not read"),
    ],
)
def test_a_spend_limit_that_is_none_is_refused(policy, text):
    (problem,) = problems(TRADE, policy, kinds=CAPPED)
    assert text in problem.text
    assert problem.policy == "day"


def test_without_caps_there_are_no_spend_limits():
    (problem,) = problems(DAY)
    assert "there is no cap 'day'" in problem.text


def test_one_that_reads_all_windows_may_name_any():
    whole = DAY.replace("context.window.day > 10", "context.window == context.window")
    assert problems(whole, kinds=CAPPED) == ()
