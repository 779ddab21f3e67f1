"""Caps over a store, and what they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from signward_server.core.caps import COUNT, Cap, CapScope
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.payloads import Hash
from signward_server.core.ports import Caps, Reservation
from signward_server.core.signing import Decoded, Intent
from signward_server.store import Store

from tests.contract.stores import Bench
from tests.fakes.catalogue_keys import catalogue_key
from tests.fakes.meter import FakeMeter

BOT, OTHER = (Identity(IdentityKind.CN, name) for name in ("bot", "other"))
HOT, COLD = catalogue_key("hot"), catalogue_key("cold")
HOUR = timedelta(hours=1)
PART = HOUR / 128
MAX = 2**63 - 1
BOOT = "0b5e9c5e-1111-4222-8333-444455556666"


def cap(name: str, measure: str = "notional", **changes: object) -> Cap:
    fields = {"actions": frozenset({"SignOrder"}), "window": HOUR, "per": CapScope.IDENTITY}
    return Cap(name=name, measure=measure, **(fields | changes))


NOTIONAL = cap("notional")
ORDERS = cap("orders", COUNT)
BY_KEY = cap("by_key", per=CapScope.KEY)
BY_ACCOUNT = cap("by_account", per=CapScope.ACCOUNT)


def order(notional: int, *more: int, account: str = "") -> Decoded:
    intents = [Intent("SignOrder", {"notional": each}) for each in (notional, *more)]
    return Decoded(intents[0], (b"m",), Hash.NONE, more=tuple(intents[1:]), account=account)


@dataclass
class Desk:
    """A store's caps, opened as often as a test wants."""

    bench: Bench
    caps: Sequence[Cap] = (NOTIONAL,)
    boot: str = BOOT
    accounts: dict[str, str] = field(default_factory=dict)
    meter: FakeMeter = field(default_factory=FakeMeter)

    def account(self, key: Key, version: KeyVersion) -> str:
        return self.accounts.get(key.id, "")

    def opened(self, store: Store | None = None) -> Caps:
        store = store or self.bench.store()
        return store.caps(self.caps, self.bench.rows, self, self.meter, self.boot)


def reserve(caps: Caps, payload: Decoded, identity: Identity = BOT, key: Key = HOT) -> Reservation:
    return caps.reserve(identity, key, key.versions[0], payload)
