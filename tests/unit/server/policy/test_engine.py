from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from signward_server.core.errors import PayloadUnsupported, PolicyDenied, PolicyError
from signward_server.core.identity import Authentication
from signward_server.core.keys import VersionState
from signward_server.core.ports import Event, Level, Policy
from signward_server.core.signing import Intent
from signward_server.policy.question import Asker

from tests.fakes.catalogue_keys import catalogue_key, key_version
from tests.unit.server.policy.desk import (
    ADMIN,
    BOT,
    CALLER,
    KEY,
    STRANGER,
    VERSION,
    Desk,
    order,
    raw,
    with_api_key,
)

OWNERS = (
    '@id("owners") permit(principal, action, resource is Key) when {resource.owner == principal};'
)


def test_engine_is_a_policy() -> None:
    policy: Policy = Desk().engine
    assert policy.generation is policy.generation


def test_nothing_is_allowed_without_a_policy() -> None:
    desk = Desk()
    with pytest.raises(PolicyDenied) as denied:
        desk.act("GetKey")
    assert denied.value.metadata == {"policies": ""}
    assert desk.meter.counted == [(Event.POLICY_DENIED, "GetKey")]
    assert desk.meter.levels == {Level.POLICIES: 0}


def test_owners_use_their_keys_and_nobody_else_does() -> None:
    desk = Desk(OWNERS)
    desk.act("ViewKey")
    desk.sign(raw())
    desk.sign(order())
    for caller in (Asker(STRANGER), Asker(ADMIN)):
        with pytest.raises(PolicyDenied):
            desk.act("ViewKey", caller=caller)
    with pytest.raises(PolicyDenied):
        desk.act("ListKeys", key=None)


def test_a_denial_names_the_policies_that_decided() -> None:
    forbids = "".join(f'@id("f{n:02}") forbid(principal, action, resource);' for n in range(20))
    desk = Desk(OWNERS, forbids)
    with pytest.raises(PolicyDenied) as denied:
        desk.act("GetKey")
    assert denied.value.metadata["policies"] == ",".join(f"f{n:02}" for n in range(16))


def test_policies_see_the_payload() -> None:
    desk = Desk(
        'permit(principal, action in Action::"SignTrade", resource)'
        ' when {["BTC", "ETH"].contains(context.order.coin) && context.order.notional <= 100};'
    )
    desk.sign(order(notional=100))
    desk.sign(order(notional=0, coin="ETH"))
    for intent in (order(notional=101), order(notional=1, coin="DOGE"), raw()):
        with pytest.raises(PolicyDenied):
            desk.sign(intent)


def test_policies_see_the_key_and_its_labels() -> None:
    desk = Desk(
        'permit(principal, action, resource) when {resource.hasTag("desk")'
        ' && resource.getTag("desk") == "fx" && resource.purpose == "raw"};'
    )
    desk.act("GetKey")
    for key in (catalogue_key("hot", labels={}), catalogue_key("hot", labels={"desk": "x"})):
        with pytest.raises(PolicyDenied):
            desk.act("GetKey", key=key)


def test_policies_see_the_groups_of_the_owner() -> None:
    desk = Desk(
        'permit(principal, action, resource is Key) when {resource.owner in Group::"bots"};'
    )
    desk.act("GetKey", caller=Asker(STRANGER))
    with pytest.raises(PolicyDenied):
        desk.act("GetKey", key=catalogue_key("hot", owner="cn:other"))


def test_policies_see_the_groups_of_the_caller() -> None:
    desk = Desk('permit(principal in Group::"admins", action == Action::"Reload", resource);')
    desk.act("Reload", caller=Asker(ADMIN), key=None)
    with pytest.raises(PolicyDenied):
        desk.act("Reload", key=None)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("", False),
    ],
)
def test_policies_see_the_address(address: str, allowed: bool) -> None:
    desk = Desk(
        "permit(principal, action, resource)"
        ' when {context has address && context.address.isInRange(ip("10.0.0.0/8"))};'
    )
    caller = Asker(BOT, address=address)
    if allowed:
        desk.act("GetKey", caller=caller)
    else:
        with pytest.raises(PolicyDenied):
            desk.act("GetKey", caller=caller)


def test_an_address_that_is_none_is_an_error_where_it_matters() -> None:
    desk = Desk("permit(principal, action, resource) unless {context has address};")
    with pytest.raises(PolicyError):
        desk.act("GetKey", caller=Asker(BOT, address="localhost"))
    Desk(OWNERS).act("GetKey", caller=Asker(BOT, address="localhost"))


def test_policies_see_the_time_to_the_millisecond() -> None:
    desk = Desk(
        "permit(principal, action, resource)"
        ' when {context.time >= datetime("2026-01-01T00:00:05.250Z")};'
    )
    with pytest.raises(PolicyDenied):
        desk.act("GetKey")
    desk.clock.advance(5.2499)
    with pytest.raises(PolicyDenied):
        desk.act("GetKey")
    desk.clock.advance(0.0002)
    desk.act("GetKey")


def test_time_of_another_zone_is_the_same_time() -> None:
    desk = Desk('permit(principal, action, resource) when {context.time < datetime("2026-01-01")};')
    desk.clock._start = datetime(2026, 1, 1, 0, 30, tzinfo=UTC).astimezone()
    with pytest.raises(PolicyDenied):
        desk.act("GetKey")
    desk.clock._start -= timedelta(hours=1)
    desk.act("GetKey")


def test_s24_policies_see_the_version_that_is_to_sign() -> None:
    desk = Desk(
        'permit(principal, action == Action::"SignRaw", resource)'
        ' when {context.version.state == "primary" && resource.version_state == "primary"};'
    )
    old = key_version("hot", 1, state=VersionState.GRACE)
    key = catalogue_key("hot", versions=(key_version("hot", 2), old), primary_version=2)
    desk.sign(raw(), key=key)
    with pytest.raises(PolicyDenied):
        desk.sign(raw(), key=key, version=old)


def test_a_key_that_is_to_be_made_has_no_version() -> None:
    desk = Desk(
        'permit(principal, action == Action::"CreateKey", resource)'
        ' when {resource.version_state == ""};'
    )
    desk.act("CreateKey", key=catalogue_key("new", versions=(), primary_version=0))
    with pytest.raises(PolicyDenied):
        desk.act("CreateKey")


def test_policies_see_windowed_totals() -> None:
    text = (
        'permit(principal, action == Action::"SignOrder", resource)'
        " when {context.window.day <= 100};"
    )
    desk = Desk(text, windows=["day", "hour"])
    desk.sign(order(), totals={"day": 100, "hour": 1, "other": -1})
    with pytest.raises(PolicyDenied):
        desk.sign(order(), totals={"day": 101, "hour": 1})
    for totals in (None, {}, {"day": 1}, {"day": -1, "hour": 1}, {"day": 2**63, "hour": 1}):
        with pytest.raises(PolicyError):
            desk.sign(order(), totals=totals)


@pytest.mark.parametrize("number", [-1, 2**63, 10**40])
@pytest.mark.parametrize("text", [OWNERS, OWNERS + "permit(principal, action, resource);", ""])
def test_s06_numbers_beyond_a_long_are_unsupported(number: int, text: str) -> None:
    desk = Desk(text)
    with pytest.raises(PayloadUnsupported):
        desk.sign(order(sz=number))
    desk = Desk(OWNERS)
    desk.sign(order(sz=2**63 - 1))
    desk.sign(order(sz=0))
    with pytest.raises(PayloadUnsupported):
        desk.sign(order(sz=number))


@pytest.mark.parametrize(
    "intent",
    [
        Intent("SignOrder", {}),
        Intent("SignOrder", {**order().fields, "more": 1}),
        Intent("SignOrder", {**dict(list(order().fields.items())[1:]), "more": 1}),
        order(coin=1),
        order(sz=True),
        order(sz="1"),
        order(is_buy=1),
        Intent("SignRaw", order().fields),
        Intent("GetKey", order().fields),
    ],
    ids=repr,
)
def test_an_intent_that_does_not_fit_is_an_error(intent: Intent) -> None:
    desk = Desk("permit(principal, action, resource);")
    desk.sign(order())
    for action in ("SignOrder", intent.action):
        with pytest.raises(PolicyError):
            desk.engine.authorize(CALLER, action, KEY, VERSION, intent)
    assert all(event is Event.POLICY_ERROR for event, _ in desk.meter.counted)


@pytest.mark.parametrize(
    ("action", "key", "version", "intent"),
    [
        ("Nope", KEY, None, None),
        ("", None, None, None),
        ("SignTrade", KEY, VERSION, order()),
        ("GetKey", None, None, None),
        ("ListKeys", KEY, None, None),
        ("SignOrder", KEY, None, order()),
        ("SignOrder", KEY, VERSION, None),
        ("SignOrder", None, VERSION, order()),
        ("GetKey", KEY, VERSION, order()),
    ],
)
def test_a_question_that_does_not_fit_is_an_error(action, key, version, intent) -> None:
    desk = Desk("permit(principal, action, resource);")
    with pytest.raises(PolicyError) as error:
        desk.engine.authorize(CALLER, action, key, version, intent)
    assert error.value.metadata == {}
    known = action if action in desk.engine.policies.kinds else "unknown"
    assert desk.meter.counted == [(Event.POLICY_ERROR, known)]


def test_s03_an_api_key_alone_does_not_administer(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk('@id("all") permit(principal, action, resource);')
    desk.act("DisableKey")
    desk.act("GetKey", caller=with_api_key())
    desk.sign(raw(), caller=with_api_key())
    for action in ("DisableKey", "CreateKey", "DisableKey"):
        with pytest.raises(PolicyDenied) as denied:
            desk.act(action, caller=with_api_key())
        assert denied.value.metadata == {"policies": "all"}
    with pytest.raises(PolicyDenied):
        desk.act("Reload", caller=with_api_key(), key=None)
    with pytest.raises(PolicyDenied):
        desk.sign(raw(action="SignRawDigest"), caller=with_api_key())
    both = Asker(BOT, Authentication.CERTIFICATE_AND_API_KEY)
    desk.act("DisableKey", caller=both)
    desk.sign(raw(action="SignRawDigest"), caller=both)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ('permit(principal, action, resource) when {context.authentication == "api_key"};', True),
        ('permit(principal, action, resource) when {context.authentication like "*api*"};', True),
        ('permit(principal, action, resource) unless {context.authentication == "x"};', True),
        (
            (
                "permit(principal, action, resource);"
                "permit(principal, action, resource)"
                ' when {context.authentication == "certificate"};'
            ),
            False,
        ),
        (
            (
                "permit(principal, action, resource);"
                "forbid(principal, action, resource)"
                ' when {context.authentication == "certificate"};'
            ),
            False,
        ),
        ("permit(principal, action, resource) when {context == context};", False),
    ],
)
def test_s03_a_policy_can_say_that_an_api_key_suffices(text: str, allowed: bool) -> None:
    desk = Desk(text)
    for _ in range(2):
        if allowed:
            desk.act("DisableKey", caller=with_api_key())
        else:
            with pytest.raises(PolicyDenied):
                desk.act("DisableKey", caller=with_api_key())


def test_errors_are_logged_without_a_word_of_the_payload(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(
        'permit(principal, action == Action::"SignOrder", resource)'
        " when {context.order.sz * 9223372036854775807 > 0};"
    )
    with pytest.raises(PolicyError) as error:
        desk.sign(order(sz=123_456_789))
    (record,) = caplog.records
    assert record.getMessage() == "a policy could not be evaluated"
    assert record.__dict__["action"] == "SignOrder"
    assert error.value.metadata == {}
    assert desk.meter.counted == [(Event.POLICY_ERROR, "SignOrder")]


def test_key_of_an_owner_that_is_no_identity_can_be_judged() -> None:
    desk = Desk(
        OWNERS, 'forbid(principal, action, resource is Key) when {resource.owner.kind == "dns"};'
    )
    key = replace(KEY, owner="???")
    with pytest.raises(PolicyError):
        desk.act("GetKey", key=key)


def test_errors_of_an_action_are_one_line_a_second_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk("permit(principal, action, resource) unless {context has address};")

    def err(action: str, times: int) -> None:
        for _ in range(times):
            with pytest.raises(PolicyError):
                desk.act(action, caller=Asker(BOT, address="localhost"))

    err("GetKey", 256)
    err("DisableKey", 2)
    assert _lines(caplog) == [("GetKey", 1), ("DisableKey", 1)]
    desk.clock.advance(0.9)
    err("GetKey", 4)
    desk.clock.advance(0.1)
    err("GetKey", 2)
    err("DisableKey", 1)
    assert _lines(caplog) == [("GetKey", 1), ("DisableKey", 1), ("GetKey", 260), ("DisableKey", 2)]
    assert len(desk.meter.counted) == 265


def _lines(caplog: pytest.LogCaptureFixture) -> list[tuple[object, object]]:
    return [(record.__dict__["action"], record.__dict__["count"]) for record in caplog.records]
