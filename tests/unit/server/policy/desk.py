"""A trading desk: who is in it, what its keys are, and an engine that judges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from signward_server.chains.order.chain import OrderChain
from signward_server.chains.raw.chain import RawChain
from signward_server.core.actions import RPC_ACTIONS, ActionKind
from signward_server.core.identity import Authentication, Identity, IdentityKind
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.signing import Intent
from signward_server.policy.compiled import (
    Policies,
    PoliciesRefused,
    PolicySource,
    Problem,
    compile_policies,
)
from signward_server.policy.engine import CedarPolicy
from signward_server.policy.groups import Groups
from signward_server.policy.question import Asker

from tests.fakes.catalogue_keys import catalogue_key
from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeMeter

KINDS: tuple[ActionKind, ...] = (*RPC_ACTIONS, *RawChain.actions, *OrderChain.actions)

BOT = Identity(IdentityKind.CN, "bot")
ADMIN = Identity(IdentityKind.SPIFFE, "//desk/admin")
STRANGER = Identity(IdentityKind.DNS, "bot")
GROUPS = Groups({"bots": [BOT], "admins": [ADMIN]})

CALLER = Asker(BOT)
KEY = catalogue_key("hot")
VERSION = KEY.versions[0]


def with_api_key(identity: Identity = BOT, address: str = "") -> Asker:
    return Asker(identity, Authentication.API_KEY, address)


def order(**changes: Any) -> Intent:
    fields: dict[str, Any] = {
        "action": "open",
        "coin": "BTC",
        "is_buy": True,
        "timestamp": 1_767_225_600_000,
        "sz": 100_000_000,
        "limit_px": 5_000_000_000,
        "notional": 5_000_000_000,
    }
    return Intent("SignOrder", fields | changes)


def raw(size: int = 3, action: str = "SignRaw") -> Intent:
    return Intent(action, {"size": size, "hash": "NONE"})


def windowed(kinds: Iterable[ActionKind], windows: Sequence[str]) -> tuple[ActionKind, ...]:
    """Return actions of which all that sign are counted by caps of these names."""
    return tuple(replace(kind, windows=tuple(windows)) if kind.record else kind for kind in kinds)


def compiled(
    *texts: str, kinds: Iterable[ActionKind] = KINDS, windows: Sequence[str] = ()
) -> Policies:
    sources = [PolicySource(f"p{n}.cedar", text) for n, text in enumerate(texts)]
    return compile_policies(sources, windowed(kinds, windows) if windows else kinds)


def problems(*texts: str, **options: Any) -> tuple[Problem, ...]:
    """Return why these policies are refused; none if they are not."""
    try:
        compiled(*texts, **options)
    except PoliciesRefused as refused:
        return refused.problems
    return ()


class Desk:
    """An engine, and what it counts."""

    def __init__(self, *texts: str, groups: Groups = GROUPS, **options: Any) -> None:
        self.clock = FakeClock()
        self.meter = FakeMeter()
        self.engine = CedarPolicy(compiled(*texts, **options), groups, self.clock, self.meter)

    def sign(
        self,
        intent: Intent,
        *,
        caller: Asker = CALLER,
        key: Key = KEY,
        version: KeyVersion | None = None,
        totals: Mapping[str, int] | None = None,
        approved: bool = False,
    ) -> None:
        version = version or key.versions[0]
        self.engine.authorize(
            caller, intent.action, key, version, intent, totals, approved=approved
        )

    def act(self, action: str, *, caller: Asker = CALLER, key: Key | None = KEY) -> None:
        self.engine.authorize(caller, action, key)
