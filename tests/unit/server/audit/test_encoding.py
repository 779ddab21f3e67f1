"""Records made on the signing path have the same bytes as those of the reference encoder."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward.audit.errors import RecordError
from signward.audit.framing import MAX_RECORD
from signward.audit.intents import digest_of, intents_of
from signward.audit.records import Record, decode_record, encode_record
from signward_server.audit.encoding import Encoder
from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.identity import Authentication, Identity, IdentityKind
from signward_server.core.ports import AuditEntry
from signward_server.core.signing import Intent

from tests.fakes.audit_logs import an_entry
from tests.fakes.clock import FakeClock
from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.clock import MovingClock

TEXT = st.text(st.characters(), max_size=40)  # surrogates and control characters as well
LONG = TEXT | st.builds(lambda c, count: c * count, st.characters(), st.integers(1000, 5000))


def _body(tail: bytes, number: int = 7) -> bytes:
    return b'{"seq":%d%b' % (number, tail)


@st.composite
def entries(draw: st.DrawFn, text: st.SearchStrategy[str] = TEXT) -> AuditEntry:
    identity = Identity(draw(st.sampled_from(IdentityKind)), draw(text))
    call = FakeCall(identity, draw(text))
    call.authentication = draw(st.sampled_from(Authentication))
    call.address = draw(text)
    call.started = draw(st.floats(0, 1000))
    call.trace_id = draw(st.sampled_from(["", "0af7651916cd43dd8448eb211c80319c"]))
    fields = st.dictionaries(text, text | st.integers(-(2**63), 2**63) | st.booleans(), max_size=6)
    action = draw(text)
    intent = draw(st.none() | st.builds(Intent, st.just(action), fields))
    further = st.builds(Intent, text | st.just(action), fields)
    if intent is not None:
        further |= st.builds(
            lambda changed: Intent(action, {**intent.fields, **changed}),
            st.fixed_dictionaries(
                {}, optional=dict.fromkeys(intent.fields, text | st.integers(0, 1) | st.booleans())
            ),
        )
    return AuditEntry(
        event=draw(st.sampled_from(AuditEvent)),
        call=call,
        action=action,
        key=draw(text),
        version=draw(st.integers(0, 2**31)),
        outcome=draw(st.sampled_from(["OK", "POLICY_DENIED"])),
        decision=draw(st.sampled_from(Decision)),
        policies=tuple(draw(st.lists(text, max_size=4))),
        policy_set=draw(text),
        intent=intent,
        more=tuple(draw(st.lists(further, max_size=3))),
        approver=draw(text),
        nonce=draw(st.just(0) | st.integers(1, 2**63 - 1)),
        signed_digest=draw(st.just(b"") | st.binary(min_size=32, max_size=32)),
        request_id=draw(text),
        note=draw(text),
    )


@given(entries(), st.integers(0, 10**9))
def test_the_bytes_are_those_of_the_reference(entry: AuditEntry, micros: int) -> None:
    clock = FakeClock(datetime.fromtimestamp(1_700_000_000, UTC))
    clock.advance(micros / 1_000_000)
    body = _body(Encoder(clock).entry(entry))
    call = entry.call
    said = decode_record(body)
    expected = Record(
        seq=7,
        time=said.time,
        event=entry.event.value,
        outcome=entry.outcome,
        identity=str(call.identity),
        authentication=call.authentication.value,
        peer=call.address,
        method=call.method,
        action=entry.action,
        key=entry.key,
        version=entry.version,
        decision=entry.decision.value,
        policies=entry.policies,
        policy_set=entry.policy_set,
        intent=entry.intent.fields if entry.intent else {},
        more=said.more,
        approver=entry.approver,
        nonce=entry.nonce,
        digest=entry.signed_digest.hex(),
        request_id=entry.request_id,
        trace_id=call.trace_id,
        duration_us=said.duration_us,
        note=entry.note,
    )
    assert body == encode_record(expected)
    further = list(intents_of(said))[-len(entry.more) :] if entry.more else []
    assert [each.action for each in further] == [each.action for each in entry.more]
    assert [each.fields for each in further] == [each.fields for each in entry.more]
    assert abs(said.time.timestamp() - clock.time()) < 2e-6


@given(entries(LONG))
def test_what_is_too_long_is_cut_and_never_an_error(entry: AuditEntry) -> None:
    body = _body(Encoder(FakeClock()).entry(entry), 2**62)
    assert len(body) <= MAX_RECORD
    said = decode_record(body)
    assert said.outcome == entry.outcome
    assert said.identity[:100] == json.loads(json.dumps(str(entry.call.identity)))[:100]


@given(
    st.dictionaries(TEXT | LONG, TEXT | LONG | st.integers(-(2**63), 2**63), max_size=40),
    TEXT | LONG,
    st.integers(0, 2**40),
)
def test_events_of_the_daemon_are_canonical_as_well(
    details: dict[str, str | int], text: str, count: int
) -> None:
    tail = Encoder(FakeClock()).event(
        AuditEvent.FAILURES, outcome=text, identity=text, peer=text, count=count, details=details
    )
    body = _body(tail)
    assert len(body) <= MAX_RECORD
    assert decode_record(body).count == count


def test_an_event_of_a_key_names_it_in_full() -> None:
    name = "k" * 128
    details: dict[str, str | int] = {"step": "rotation", "due": "2026-12-01T00:00:00Z"}
    encoder = Encoder(FakeClock())
    record = decode_record(
        _body(encoder.event(AuditEvent.SCHEDULED, key=name, version=7, details=details))
    )
    assert (record.event, record.key, record.version) == ("scheduled", name, 7)
    assert record.details == details


def test_what_is_remembered_of_one_caller_is_not_said_of_another() -> None:
    encoder = Encoder(FakeClock())
    for number in range(10_000):
        identity = Identity(IdentityKind.CN, f"bot-{number % 7}-{number}")
        call = FakeCall(identity, f"/m{number % 3}")
        call.address = f"10.0.0.{number % 5}"
        said = decode_record(_body(encoder.entry(an_entry(call=call, key=f"k{number % 11}"))))
        assert (said.identity, said.method) == (str(identity), call.method)
        assert (said.peer, said.key) == (call.address, f"k{number % 11}")


def test_the_time_goes_on_over_a_second() -> None:
    clock = FakeClock(datetime(2026, 1, 31, 23, 59, 59, 999_998, tzinfo=UTC))
    encoder, said = Encoder(clock), []
    for _ in range(4):
        said.append(decode_record(_body(encoder.entry(an_entry()))).time)
        clock.advance(0.000_001)
    assert said == sorted(said)
    assert said[-1].second == 0
    assert said[-1].month == 2


def test_an_intent_of_another_kind_has_its_own_names() -> None:
    encoder = Encoder(FakeClock())
    for fields in ({"a": 1, "b": True}, {"b": "x"}, {}, {"b": False, "a": "y"}):
        entry = an_entry(intent=Intent("SignRaw", fields))
        assert decode_record(_body(encoder.entry(entry))).intent == fields


def orders(count: int) -> tuple[Intent, ...]:
    """Return orders with all the fields that those of an exchange have."""
    same = {
        "network": "mainnet", "vault": "", "wrapper": "", "has_expiry": True, "tif": "gtc",
        "reduce_only": False, "trigger": "", "trigger_px": 0, "trigger_is_market": False,
        "builder": "0x" + "b" * 40, "builder_fee": 10, "grouping": "na", "orders": count,
        "total_notional": 2**62, "total_value": 2**62, "oid": 0, "has_reference": True,
    }  # fmt: skip
    return tuple(
        Intent(
            "SignHyperliquidOrder",
            {
                **same,
                "asset": number,
                "is_buy": number % 2 == 0,
                "px": 6_500_000_000_000 + number,
                "sz": 10_000_000 + number,
                "notional": 650_000_000_000 + number,
                "value": 650_000_000_000 + number,
                "reference_px": 6_500_000_000_000 - number,
                "deviation_bps": number,
                "expires_in": 60_000,
                "cloid": f"0x{number:032x}",
            },
        )
        for number in range(count)
    )


@pytest.mark.parametrize(("count", "whole"), [(1, True), (40, True), (256, False)])
def test_a_batch_of_orders_fits_and_says_what_is_left_out(count: int, whole: bool) -> None:
    first, *more = orders(count)
    entry = an_entry(action=first.action, intent=first, more=tuple(more), nonce=2**41)
    body = _body(Encoder(FakeClock()).entry(entry))
    assert len(body) <= MAX_RECORD
    said = decode_record(body)
    assert said.intent == first.fields
    found = [each.fields for each in intents_of(said)]
    assert found == [each.fields for each in orders(count)[: len(found)]]
    assert said.more_left == count - len(found)
    assert (said.more_left == 0) is whole
    if not whole:
        assert len(body) > MAX_RECORD - 400  # as many as there is room for
        items = [_differing(first, each) for each in more]
        assert said.more_digest == digest_of(items)


def _differing(first: Intent, other: Intent) -> dict[str, object]:
    return {name: value for name, value in other.fields.items() if value != first.fields[name]}


def test_what_is_too_long_by_itself_leaves_all_the_rest_out() -> None:
    first = Intent("SignX", {"text": "x" * 20_000})
    more = (Intent("SignX", {"text": "y"}), Intent("SignY", {"number": 1}))
    body = _body(Encoder(FakeClock()).entry(an_entry(action="SignX", intent=first, more=more)))
    said = decode_record(body)
    assert (said.more, said.more_left) == ((), 2)
    assert said.more_digest == digest_of([{"text": "y"}, {"@action": "SignY", "number": 1}])


@pytest.mark.parametrize(
    "bad",
    [b'"more":{}', b'"more":[1]', b'"more":[{"b":1,"a":1}]', b'"more_left":-1', b'"nonce":"1"'],
)
def test_records_with_other_values_are_none(bad: bytes) -> None:
    head = b'{"seq":7,"time":"2026-01-31T23:59:59.000001Z","event":"signature",'
    assert decode_record(head + b'"more":[{"a":1}],"nonce":1}').nonce == 1
    with pytest.raises(RecordError):
        decode_record(head + bad + b"}")


def test_together_they_are_what_they_are_alone() -> None:
    encoder = Encoder(MovingClock())
    entries = [
        an_entry(),
        an_entry(outcome="KEY_DISABLED"),
        an_entry(event=AuditEvent.ADMINISTRATION),
        an_entry(),
    ]
    assert encoder.entries(entries) == [encoder.entry(entry) for entry in entries]
    assert encoder.entries([]) == []


def test_together_they_carry_one_time() -> None:
    clock = MovingClock()
    encoder = Encoder(clock)

    def entries() -> list[bytes]:
        return encoder.entries([an_entry(), an_entry()])

    first, second = entries()
    assert first == second
    clock.wall += 1.5
    assert entries()[0] != first
