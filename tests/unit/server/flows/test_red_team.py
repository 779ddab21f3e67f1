"""Nothing that a thief tries gets past the policies that are shipped, and each try is recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import timedelta
from functools import cache

import pytest
from signward.v1 import sign_service_pb2 as pb
from signward_server.chains import all_chains
from signward_server.core.caps import Cap
from signward_server.core.errors import FieldInvalid, PolicyDenied, SignwardError
from signward_server.core.identity import Identity
from signward_server.core.identity_names import identity_of
from signward_server.core.keys import Algorithm, Key, KeyVersion, Purpose
from signward_server.core.ports import Approval, Reservation
from signward_server.core.signing import Decoded, SignResult
from signward_server.flows.signing import Signing
from signward_server.home.price_list import prices_in
from signward_server.policy.engine import CedarPolicy
from signward_server.policy.groups import Groups
from signward_server.rpc.convert.signing import sign_request

from tests.fakes.meter import FakeMeter
from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.references import FakeReferences
from tests.fakes.spine.world import World
from tests.running.red_team.attempts import DENIED, Attempt, asked
from tests.running.red_team.everything import ATTEMPTS
from tests.running.red_team.shipped import Shipped, shipped
from tests.running.red_team.thieves import PRICES, THIEVES, Thief

APPROVABLE = "withdraw to the pinned address, which nobody has approved"


class Counted:
    """Implements ``core.ports.Caps``: what a payload counts by itself, over nothing before."""

    def __init__(self, caps: tuple[Cap, ...], *, before: int = 0) -> None:
        self._caps = caps
        self._before = before
        self.actions = frozenset[str]().union(*(cap.actions for cap in caps))

    def alone(self, decoded: Decoded) -> Reservation:
        return _Reserved({c.name: c.amount(decoded) or 0 for c in self._caps})

    def reserve(
        self, identity: Identity, key: Key, version: KeyVersion, decoded: Decoded
    ) -> Reservation:
        return _Reserved({c.name: (c.amount(decoded) or 0) + self._before for c in self._caps})


@dataclasses.dataclass(frozen=True)
class _Reserved:
    totals: Mapping[str, int]
    before: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def ahead(self) -> Iterator[tuple[float, Mapping[str, int]]]:
        return iter(())

    def release(self) -> None:
        return None


class Desk:
    """A thief before a daemon with one of the sets that are shipped."""

    def __init__(self, thief: Thief, policies: Shipped, *, before: int = 0) -> None:
        references = FakeReferences(dict(prices_in({"mainnet": PRICES})))
        chains = all_chains(references=references)
        kinds = [kind for chain in chains.values() for kind in chain.actions]
        self.world = World(
            cancelling=frozenset(k.name for k in kinds if "SignCancel" in k.groups),
            restricted=frozenset(k.name for k in kinds if k.restricted),
        )
        groups = Groups(policies.settings.groups.members)
        ports = dataclasses.replace(
            self.world.signing_ports,
            chains=chains,
            policy=CedarPolicy(policies.policies, groups, self.world.clock, FakeMeter()),
            caps=Counted(policies.caps, before=before),
        )
        self.signing = Signing(ports)
        key = self.world.key(
            thief.key,
            algorithm=Algorithm.ECDSA_SECP256K1,
            purpose=Purpose.HYPERLIQUID,
            owner="cn:admin",
            labels={"hyperliquid": thief.label} if thief.label else {},
        )
        self.world.catalogue.put(dataclasses.replace(key, network="mainnet"))
        self.thief = dataclasses.replace(thief, now=int(self.world.clock.time() * 1000))
        identity = identity_of(thief.identity)
        assert identity is not None
        self.call = FakeCall(identity)

    def sign(self, request: pb.SignRequest) -> SignResult:
        return self.signing.sign(self.call, sign_request(request))

    def approve(self, digest: bytes) -> None:
        end = self.world.clock.now() + timedelta(minutes=1)
        self.world.approvals.give(Approval(digest, "cn:controller", end))

    def try_(self, attempt: Attempt) -> str:
        """Return the reason for which an attempt is refused, which must be in a record as well."""
        try:
            item = sign_request(asked(attempt, self.thief))
        except FieldInvalid as error:  # refused where messages are read, and recorded there
            return error.reason
        with pytest.raises(SignwardError) as raised:
            self.signing.sign(self.call, item)
        (entry,) = self.world.audit.entries
        assert entry.outcome == raised.value.reason
        assert entry.key == self.thief.key
        assert entry.call is self.call
        return raised.value.reason


@cache
def policies_of(name: str) -> Shipped:
    return shipped(name)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
@pytest.mark.parametrize("thief", THIEVES, ids=lambda thief: thief.policy)
def test_s32_nothing_gets_past_the_shipped_policies(thief: Thief, attempt: Attempt) -> None:
    desk = Desk(thief, policies_of(thief.policy))
    assert desk.try_(attempt) == attempt.reason
    assert desk.world.custody.asked == []


@pytest.mark.parametrize(
    "attempt",
    [a for a in ATTEMPTS if a.reason == DENIED],
    ids=lambda attempt: attempt.name,
)
def test_s15_an_approval_permits_nothing_by_itself(attempt: Attempt) -> None:
    (thief,) = [thief for thief in THIEVES if thief.label == "treasury"]
    desk = Desk(thief, policies_of(thief.policy))
    item = sign_request(asked(attempt, desk.thief))
    with pytest.raises(PolicyDenied) as refused:
        desk.signing.sign(desk.call, item)
    if digest := refused.value.metadata.get("approval_digest"):
        desk.approve(bytes.fromhex(digest))
    permitted = attempt.name == APPROVABLE
    with nullcontext() if permitted else pytest.raises(SignwardError):
        desk.signing.sign(desk.call, item)
    assert bool(desk.world.custody.asked) is permitted


@pytest.mark.parametrize("thief", THIEVES, ids=lambda thief: thief.policy)
def test_what_an_identity_may_do_is_signed(thief: Thief) -> None:
    desk = Desk(thief, policies_of(thief.policy))
    request = pb.SignRequest(key=thief.key, hyperliquid=desk.thief.good())
    if thief.label == "treasury":
        with pytest.raises(PolicyDenied) as refused:
            desk.sign(request)
        desk.approve(bytes.fromhex(refused.value.metadata["approval_digest"]))
    assert desk.sign(request).key == thief.key


@pytest.mark.parametrize("thief", [t for t in THIEVES if t.tif], ids=lambda thief: thief.policy)
def test_s12_what_is_spent_is_spent(thief: Thief) -> None:
    desk = Desk(thief, policies_of(thief.policy), before=10**16)
    attempt = Attempt("one more good order", Thief.good, "SPEND_LIMIT")
    assert desk.try_(attempt) == attempt.reason
