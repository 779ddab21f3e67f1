"""A desk: a master key, an agent's key, and who works there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sha3
from coincurve import PublicKey as Point
from signward_server.core.keys import Algorithm, Key, Purpose, VersionState
from signward_server.core.payloads import HyperliquidSignature
from signward_server.core.signing import SignRequest
from signward_server.flows.agents.approval_signing import Approved
from signward_server.flows.agents.requests import ApproveAgent, RotateAgent

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.world import World

__all__ = ["SIGNATURE", "Desk", "agents_call", "signer"]

SIGNATURE = "SignHyperliquidApproveAgent"
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Desk:
    """``master`` and ``bot`` on testnet, both of cn:bot.

    Attributes:
        world: All that is behind it.
    """

    def __init__(self) -> None:
        self.world = World(MovingClock(START), restricted=frozenset({SIGNATURE}))
        self.master = self.key("master")
        self.bot = self.key("bot")

    def key(self, key_id: str, **changes: object) -> Key:
        """Put a hyperliquid key into the catalogue."""
        pinned: dict[str, object] = {
            "algorithm": Algorithm.ECDSA_SECP256K1,
            "purpose": Purpose.HYPERLIQUID,
            "network": "testnet",
            "versions": (VersionState.PRIMARY,),
        }
        return self.world.key(key_id, **pinned | changes)  # type: ignore[arg-type]

    def address(self, key_id: str, version: int = 0) -> str:
        key = self.world.catalogue.get(key_id)
        assert key is not None
        found = key.version(version)
        assert found is not None
        return self.world.agent_parts.addresses.of(key, found)

    def approve(
        self, request_id: str = "r1", call: FakeCall | None = None, **changes: object
    ) -> Approved:
        asked: dict[str, object] = {
            "key_id": "master",
            "agent_key": "bot",
            "name": "maker",
            "network": "testnet",
            "request_id": request_id,
        }
        request = ApproveAgent(**asked | changes)  # type: ignore[arg-type]
        call = call or agents_call("ApproveAgent")
        return self.world.agent_flows.approval.approve(call, request)

    def rotate(self, request_id: str = "r2", **changes: object) -> Approved:
        asked: dict[str, object] = {
            "key_id": "master",
            "agent_key": "bot",
            "request_id": request_id,
        }
        request = RotateAgent(**asked | changes)  # type: ignore[arg-type]
        return self.world.agent_flows.rotation.rotate(agents_call("RotateAgent"), request)

    def end(self, address: str, reason: str = "", key_id: str = "master"):
        call = agents_call("ExpireAgent")
        return self.world.agent_flows.ending.end(call, key_id, address, reason)

    def later(self, **span: float) -> datetime:
        return self.world.clock.now() + timedelta(**span)

    def signed_with(self) -> list[tuple[str, int]]:
        """Return which versions have signed, in order."""
        return [(c.key.id, c.version.version) for _, c in self.world.custody.asked]

    def sign(self, request: SignRequest) -> HyperliquidSignature:
        """Sign as SignService does, with agents that are real."""
        flow = self.world.agent_flows.approval._approving._signing
        result = flow.sign(FakeCall(), request).result
        assert isinstance(result, HyperliquidSignature)
        return result


def agents_call(method: str, **arguments: object) -> FakeCall:
    return FakeCall(method=f"/signward.v1.AccountService/{method}", **arguments)  # type: ignore[arg-type]


def signer(message: bytes, signature: HyperliquidSignature) -> str:
    """Return the address whose signature over a message this is."""
    value = bytes.fromhex(signature.r[2:] + signature.s[2:]) + bytes([signature.v - 27])
    digest = sha3.keccak_256(message).digest()
    point = Point.from_signature_and_message(value, digest, hasher=None)
    return f"0x{sha3.keccak_256(point.format(compressed=False)[1:]).digest()[-20:].hex()}"
