"""Random policies, callers, keys and payloads, and what Cedar itself says about them.

``fresh`` builds everything anew from the values, in Cedar's schema-directed form, and knows
nothing of how the engine builds, trims or remembers.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cedarpy
from hypothesis import strategies as st
from signward_server.core.identity import Authentication, Identity, IdentityKind
from signward_server.core.keys import (
    Algorithm,
    Freeze,
    Key,
    KeyState,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.signing import Intent
from signward_server.policy.question import Asker
from signward_server.policy.schema import schema_text

from tests.fakes.catalogue_keys import catalogue_key, key_version
from tests.unit.server.policy.desk import KINDS, order, raw, windowed

WINDOWS = ("day", "hour")
NOW = "2026-01-01T00:00:00.000Z"  # that of a FakeClock
SCHEMA = cedarpy.Schema.from_str(schema_text(windowed(KINDS, WINDOWS)))
MAX = 2**63 - 1

_KIND = {kind.name: kind for kind in KINDS}
_ODD = ("", "fx", 'q"uo\\te', "é\u202e\U0001f600", "__expr", "a\nb", "*", "BTC")
_GROUPS = ("bots", "admins", 'gr"p é')
_IDENTITIES = (
    Identity(IdentityKind.CN, "bot"),
    Identity(IdentityKind.DNS, "bot"),
    Identity(IdentityKind.SPIFFE, "//desk/bot"),
    Identity(IdentityKind.API_KEY, "bot"),
)
_KEY_IDS = ("hot", "cold")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# What policies say. Fields of orders, of raw messages, of keys, of anything.
_ANY = st.sampled_from(
    [
        "true",
        "false",
        'context.authentication == "certificate"',
        'context.authentication == "api_key"',
        'context has authentication && context.authentication like "*api_key"',
        'context has address && context.address.isInRange(ip("10.0.0.0/8"))',
        "context has address && context.address.isIpv6()",
        'context.time < datetime("2026-01-01T00:00:00.001Z")',
        'context.time.toTime() > duration("1h")',
        'principal.kind == "cn" || principal.name like "*bot"',
        'principal in Group::"bots"',
        'principal in [Group::"admins", Group::"bots"]',
        "context == context",
        "{a: context}.a.authentication == context.authentication",
        "9223372036854775807 + 1 > 0",
        'if principal.kind == "dns" then -9223372036854775807 - 2 < 0 else true',
        'action == Action::"SignOrder"',
    ]
)
_OF_KEYS = st.sampled_from(
    [
        "resource.owner == principal",
        'resource.owner in Group::"admins"',
        'resource.owner.kind == "cn"',
        'resource.user_id == "" || resource.allow_digest',
        'resource.purpose == "raw" && resource.custody == "envelope" && resource.network == ""',
        'resource.algorithm == "ed25519" || resource.freeze == "all"',
        'resource.state == "enabled" && resource.version_state == "primary"',
        'resource.id like "h*"',
        'resource.hasTag(resource.id) || resource.hasTag("__expr")',
        *(
            f"resource.hasTag({_quoted(name)}) && resource.getTag({_quoted(name)})"
            f" == {_quoted(value)}"
            for name in _ODD
            for value in ("fx", 'q"uo\\te', "")
        ),
    ]
)
_OF_SIGNING = st.sampled_from(
    [
        "context.version.number == 1",
        'context.version.state == "primary" || context.version.number > 1',
        "context.version == context.version",
        "context.window.day < 100 && context.window has hour",
        "context.window.day + context.window.hour < 5",
    ]
)
_OF_ORDERS = st.sampled_from(
    [
        "context.order.sz < 5",
        "context.order.sz * context.order.limit_px < 1000",
        "context.order.notional + 1 > 5",
        "context.order.is_buy",
        "context.order has sz && context.order has nothing",
        "context has order",
        "context.order == context.order",
        *(f"context.order.coin == {_quoted(text)}" for text in _ODD),
        '["fx", "BTC"].contains(context.order.coin)',
        (
            "resource.hasTag(context.order.coin) && resource.getTag(context.order.coin)"
            " == context.order.action"
        ),
    ]
)
_OF_RAW = st.sampled_from(["context.raw.size < 5", 'context.raw.hash == "NONE"'])
_OF_DIGESTS = st.sampled_from(
    ["context.approved", "!context.approved", "context has approved", "context.approved == true"]
)


@st.composite
def policies(draw: st.DrawFn) -> str:
    """Return a policy that is valid."""
    actions, fragments = draw(
        st.sampled_from(
            [
                ("action", _ANY),
                ('action == Action::"SignOrder"', _ANY | _OF_KEYS | _OF_SIGNING | _OF_ORDERS),
                ('action in Action::"SignTrade"', _ANY | _OF_KEYS | _OF_SIGNING | _OF_ORDERS),
                ('action in Action::"SignMessage"', _ANY | _OF_KEYS | _OF_SIGNING | _OF_RAW),
                (
                    'action in [Action::"SignRaw", Action::"SignRawDigest"]',
                    _ANY | _OF_KEYS | _OF_SIGNING | _OF_RAW,
                ),
                (
                    'action == Action::"SignRawDigest"',
                    _ANY | _OF_KEYS | _OF_SIGNING | _OF_RAW | _OF_DIGESTS | _OF_DIGESTS,
                ),
                (
                    'action in [Action::"SignTrade", Action::"SignRaw"]',
                    _ANY | _OF_KEYS | _OF_SIGNING,
                ),
                ('action in [Action::"ViewKey", Action::"DisableKey"]', _ANY | _OF_KEYS),
                ('action in [Action::"ListKeys", Action::"Reload"]', _ANY),
            ]
        )
    )
    principal = draw(
        st.sampled_from(
            [
                *["principal"] * 4,
                "principal is Identity",
                *(f'principal == Identity::"{identity}"' for identity in _IDENTITIES[:2]),
                'principal in Identity::"cn:bot"',
                *(f"principal in Group::{_quoted(name)}" for name in _GROUPS),
                'principal is Identity in Group::"bots"',
            ]
        )
    )
    resource = "resource"
    if actions != "action" and "ListKeys" not in actions:
        of_keys = ['resource == Key::"hot"', 'resource in Key::"cold"', "resource is Key"]
        resource = draw(st.sampled_from([*["resource"] * 4, *of_keys]))
    conditions = draw(st.lists(fragments, max_size=2))
    word = draw(st.sampled_from(["when", "unless"]))
    effect = draw(st.sampled_from(["permit", "permit", "forbid"]))
    joint = draw(st.sampled_from([" && ", " || "]))
    clause = joint.join(f"({condition})" for condition in conditions)
    return (
        f"{effect}({principal}, {actions}, {resource}) {f'{word} {{{clause}}}' if clause else ''};"
    )


@st.composite
def keys(draw: st.DrawFn, key_id: str) -> Key:
    """Return a key with two versions."""
    states = st.sampled_from(list(VersionState))
    numbers = st.tuples(states, states)
    versions = [
        key_version(key_id, number, state=state)
        for number, state in zip((2, 1), draw(numbers), strict=True)
    ]
    return catalogue_key(
        key_id,
        owner=draw(st.sampled_from([str(identity) for identity in _IDENTITIES])),
        labels=draw(st.dictionaries(st.sampled_from(_ODD), st.sampled_from(_ODD), max_size=3)),
        user_id=draw(st.sampled_from(_ODD)),
        purpose=draw(st.sampled_from(list(Purpose))),
        algorithm=draw(st.sampled_from(list(Algorithm))),
        state=draw(st.sampled_from(list(KeyState))),
        freeze=draw(st.sampled_from(list(Freeze))),
        network=draw(st.sampled_from(["", "testnet"])),
        allow_digest=draw(st.booleans()),
        vault_address=draw(st.sampled_from(["", "0x" + "ab" * 20])),
        versions=tuple(versions),
        primary_version=2,
    )


groups = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(_IDENTITIES), max_size=3) for name in _GROUPS}
)
callers = st.builds(
    Asker,
    st.sampled_from(_IDENTITIES),
    st.sampled_from(list(Authentication)),
    st.sampled_from(["", "10.0.0.1", "192.0.2.1", "2001:db8::1"]),
)
_numbers = st.sampled_from([0, 1, 4, 5, 100, MAX])


@dataclass
class World:
    """What the next question is asked in."""

    texts: Sequence[str]
    members: Mapping[str, Sequence[Identity]]
    keys: Mapping[str, Key]


@dataclass
class Asked:
    """A question."""

    caller: Asker
    action: str
    key: Key | None = None
    version: KeyVersion | None = None
    intent: Intent | None = None
    totals: Mapping[str, int] | None = field(default=None)
    approved: bool = False


_orders = st.builds(
    order,
    action=st.sampled_from(_ODD),
    coin=st.sampled_from(_ODD),
    is_buy=st.booleans(),
    sz=_numbers,
    limit_px=_numbers,
    notional=_numbers,
)
_raws = st.builds(raw, _numbers, st.sampled_from(["SignRaw", "SignRawDigest"]))


@dataclass
class Cast:
    """Who asks in a world, and for what; the same before and after it changes."""

    callers: Sequence[Asker]
    intents: Sequence[Intent]
    totals: Mapping[str, int]

    def questions(self, world: World) -> Iterator[Asked]:
        """Yield everything that they ask: all fit the schema."""
        for caller in self.callers:
            for action in ("ListKeys", "Reload"):
                yield Asked(caller, action)
            for key in world.keys.values():
                for action in ("ViewKey", "DisableKey"):
                    yield Asked(caller, action, key)
                for intent, version in itertools.product(self.intents, key.versions):
                    asked = caller, intent.action, key, version, intent, self.totals
                    yield Asked(*asked)
                    if _KIND[intent.action].restricted:
                        yield Asked(*asked, approved=True)


casts = st.builds(
    Cast,
    st.lists(callers, min_size=2, max_size=2),
    st.tuples(_orders, _orders, _raws),
    st.builds(lambda day, hour: {"day": day, "hour": hour}, _numbers, _numbers),
)


@dataclass(frozen=True)
class Said:
    """What is answered: allowed, denied or erring, and by which policies, by number."""

    outcome: str
    reasons: tuple[int, ...] = ()


class Fresh:
    """Cedar itself, on one world."""

    def __init__(self, world: World) -> None:
        self._texts = world.texts
        self._members = world.members
        self._policies = cedarpy.PolicySet.from_str("\n".join(world.texts))

    def say(self, asked: Asked) -> Said:
        """Ask Cedar, with everything there is."""
        caller = str(asked.caller.identity)
        resource = ("Server", "signward") if asked.key is None else ("Key", asked.key.id)
        result = cedarpy.is_authorized(
            {
                "principal": {"type": "Identity", "id": caller},
                "action": {"type": "Action", "id": asked.action},
                "resource": {"type": resource[0], "id": resource[1]},
                "context": _context(asked),
            },
            self._policies,
            cedarpy.Entities.from_json_str(json.dumps(self._entities(asked)), SCHEMA),
            SCHEMA,
        )
        if result.diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
            return Said("error")
        reasons = tuple(
            sorted(int(reason.removeprefix("policy")) for reason in result.diagnostics.reasons)
        )
        if not result.allowed:
            return Said("denied", reasons)
        alone = asked.caller.authentication is Authentication.API_KEY
        if alone and _KIND[asked.action].restricted:
            says_so = any("context.authentication" in self._texts[n] for n in reasons)
            return Said("allowed" if says_so else "denied", reasons if not says_so else ())
        return Said("allowed")

    def _entities(self, asked: Asked) -> list[dict[str, Any]]:
        described = [self._identity(asked.caller.identity)]
        if asked.key is None:
            return [*described, {"uid": _uid("Server", "signward"), "attrs": {}, "parents": []}]
        owner = next(one for one in _IDENTITIES if str(one) == asked.key.owner)
        if owner != asked.caller.identity:
            described.append(self._identity(owner))
        return [*described, _key(asked.key, asked.version or asked.key.versions[0])]

    def _identity(self, identity: Identity) -> dict[str, Any]:
        within = [name for name, members in self._members.items() if identity in members]
        return {
            "uid": _uid("Identity", str(identity)),
            "attrs": {"kind": str(identity.kind), "name": identity.name},
            "parents": [_uid("Group", name) for name in within],
        }


def _uid(type_: str, id_: str) -> dict[str, Any]:
    return {"__entity": {"type": type_, "id": id_}}


def _key(key: Key, version: KeyVersion) -> dict[str, Any]:
    named = ("purpose", "custody", "algorithm", "state", "freeze")
    return {
        "uid": _uid("Key", key.id),
        "attrs": {
            **{name: getattr(key, name).name.lower() for name in named},
            "id": key.id,
            "owner": _uid("Identity", key.owner),
            "user_id": key.user_id,
            "network": key.network,
            "allow_digest": key.allow_digest,
            "vault": key.vault_address,
            "version_state": version.state.name.lower(),
        },
        "parents": [],
        "tags": dict(key.labels),
    }


def _context(asked: Asked) -> dict[str, Any]:
    context: dict[str, Any] = {"authentication": str(asked.caller.authentication), "time": NOW}
    if asked.caller.address:
        context["address"] = asked.caller.address
    if asked.intent is not None and asked.version is not None:
        state = asked.version.state.name.lower()
        context["version"] = {"number": asked.version.version, "state": state}
        context[_KIND[asked.action].record] = dict(asked.intent.fields)
        context["window"] = dict(asked.totals or {})
        if _KIND[asked.action].restricted:
            context["approved"] = asked.approved
    return context


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return a world."""
    return World(
        draw(st.lists(policies(), max_size=6)),
        draw(groups),
        {key_id: draw(keys(key_id)) for key_id in _KEY_IDS},
    )


@st.composite
def changed(draw: st.DrawFn, world: World) -> World:
    """Return a world that differs in one respect."""
    what = draw(st.sampled_from(["policies", "groups", "key", "key"]))
    if what == "policies":
        return World(draw(st.lists(policies(), max_size=6)), world.members, world.keys)
    if what == "groups":
        return World(world.texts, draw(groups), world.keys)
    key_id = draw(st.sampled_from(_KEY_IDS))
    return World(world.texts, world.members, {**world.keys, key_id: draw(keys(key_id))})
