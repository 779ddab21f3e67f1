"""Cases of every kind: an action, and what it is signed with."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from signward.v1 import hyperliquid_pb2 as pb

from tests.interop.hyperliquid import atoms, official
from tests.interop.hyperliquid.cases import USER_SIGNED, Action, Case, chain_name
from tests.interop.hyperliquid.l1_actions import L1_ACTIONS
from tests.interop.hyperliquid.user_signed_actions import USER_SIGNED_ACTIONS

__all__ = ["CASES", "KEYS"]

KEYS = tuple(f"0x{number:064x}" for number in (0xA11CE << 200, 0xB0B << 180 | 1, 0x5EED << 90 | 7))
"""Private keys for tests; worthless."""

_NETWORKS = st.sampled_from(["mainnet", "testnet"])
_SYSTEM = ("hyperliquidChain", "time", "nonce")
_INNER = {**L1_ACTIONS, **USER_SIGNED_ACTIONS}


def _numbered(action: Action, network: str, nonce: int) -> Action:
    """Return an action with what its setting says, its keys where they were."""
    known = {"hyperliquidChain": chain_name(network), "time": nonce, "nonce": nonce}
    own = _SYSTEM if action["type"] in USER_SIGNED | {"agentSendAsset"} else ()
    return {key: known[key] if key in own else part for key, part in action.items()}


@st.composite
def _plain(draw: st.DrawFn, drawn: st.SearchStrategy[tuple[pb.HyperliquidPayload, Action]]) -> Case:
    """Draw a case of one action; its nonce is often the daemon's."""
    payload, action = draw(drawn)
    network, nonce = draw(_NETWORKS), draw(atoms.nonces())
    l1 = action["type"] not in USER_SIGNED
    vault, expires_after = _aside(draw, payload, l1)
    if draw(st.booleans()):
        payload.nonce = nonce
    return Case(
        payload=payload, action=_numbered(action, network, nonce), network=network, nonce=nonce,
        vault=vault, expires_after=expires_after, keys=(draw(st.sampled_from(KEYS)),),
    )  # fmt: skip


def _aside(draw: st.DrawFn, payload: pb.HyperliquidPayload, l1: bool) -> tuple[str, int]:
    """Set a vault and when it expires, of L1 actions."""
    if not l1:
        return "", 0
    vault, expires_after = draw(atoms.perhaps_addresses()), draw(atoms.times())
    payload.expires_after = expires_after
    if vault is None:
        return "", expires_after
    payload.vault_address = vault.said
    return str(vault), expires_after


@st.composite
def _known_json(draw: st.DrawFn) -> Case:
    """Draw an action that is given as the exchange's JSON."""
    case: Case = draw(st.sampled_from(sorted(_INNER)).flatmap(lambda kind: _plain(_INNER[kind])))
    payload = pb.HyperliquidPayload(
        json=_text(case.action),
        nonce=case.nonce,
        vault_address=case.vault,
        expires_after=case.expires_after,
    )
    return dataclasses.replace(case, payload=payload)


def _text(action: Action) -> bytes:
    """Return what is posted, as JSON: the fields that are left out there are left out."""
    return json.dumps(official.posted(action), ensure_ascii=False).encode()


_SCALARS = st.one_of(
    st.none(), st.booleans(), atoms.counts(2**64 - 1), st.integers(-(2**63), -1),
    st.sampled_from(["", "USDC", "é交易🚀", "a" * 31, "b" * 32, "ü" * 128, "c" * 300]),
)  # fmt: skip
# Node puts keys that are numbers first, so that there are none here.
_KEYS = st.sampled_from(
    ["a", "b", "Zz_9", "maxGas", "schema", "oraclePxs", "_", "k" * 32, "l" * 64]
)
_LEAVES = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=18))
_BRANCHES = st.one_of(_LEAVES, st.dictionaries(_KEYS, _LEAVES, max_size=5))
_TREES: st.SearchStrategy[Any] = st.one_of(_BRANCHES, st.lists(_BRANCHES, max_size=4))
_UNKNOWN = st.sampled_from(
    ["setReferrer", "evmUserModify", "agentSetAbstraction", "spotDeploy", "CSignerAction", "zz"]
)


@st.composite
def _unknown_json(draw: st.DrawFn) -> Case:
    """Draw an L1 action that this API has no kind of."""
    fields = draw(st.dictionaries(_KEYS, _TREES, max_size=9))
    action = {"type": draw(_UNKNOWN)} | {key: part for key, part in fields.items() if key != "type"}
    payload = pb.HyperliquidPayload(json=json.dumps(action, ensure_ascii=False).encode())
    return draw(_plain(st.just((payload, action))))


@st.composite
def _wrapped(draw: st.DrawFn, *, share: bool) -> Case:
    """Draw an action of an account with several signers: to submit, or to sign as one of them."""
    kind = draw(atoms.any_of(*sorted(_INNER)))
    inner, action = draw(_INNER[kind])
    network, nonce, user = draw(_NETWORKS), draw(atoms.nonces()), draw(atoms.addresses())
    keys = tuple(draw(st.permutations(KEYS)))[: draw(st.integers(2 if share else 1, len(KEYS)))]
    payload = pb.HyperliquidPayload(nonce=nonce)
    vault, expires_after = _aside(draw, payload, action["type"] not in USER_SIGNED)
    action = _numbered(action, network, nonce)
    if draw(atoms.any_of(False, False, True)):
        inner = pb.HyperliquidPayload(json=_text(action))
    case = Case(
        payload=payload, action=action, network=network, nonce=nonce, vault=vault, keys=keys,
        expires_after=expires_after, multi_sig_user=user,
        share=draw(st.integers(1, len(keys) - 1)) if share else None,
    )  # fmt: skip
    record = payload.multi_sig_share if share else payload.multi_sig
    record.multi_sig_user = user.said
    record.action.CopyFrom(inner)
    if share:
        payload.multi_sig_share.outer_signer = official.address_of(keys[0])
        return case
    pads = draw(st.booleans())  # whether callers pad r and s to 32 bytes
    for one in official.shares(case):
        r, s = (f"0x{number:064x}" if pads else f"0x{number:x}" for number in (one.r, one.s))
        payload.multi_sig.signatures.add(r=r, s=s, v=one.v)
    return case


@st.composite
def _wrapped_json(draw: st.DrawFn) -> Case:
    """Draw a wrapper that is given as the exchange's JSON, as a client would post it."""
    case = draw(_wrapped(share=False))
    wrapper = official.sign(case).action
    payload = pb.HyperliquidPayload(
        json=json.dumps(wrapper, ensure_ascii=False).encode(),
        nonce=case.nonce,
        vault_address=case.vault,
        expires_after=case.expires_after,
    )
    return dataclasses.replace(case, payload=payload)


CASES: Mapping[str, st.SearchStrategy[Case]] = {
    **{kind: _plain(drawn) for kind, drawn in _INNER.items()},
    "known json": _known_json(),
    "unknown json": _unknown_json(),
    "wrapped json": _wrapped_json(),
    "multi_sig": _wrapped(share=False),
    "multi_sig_share": _wrapped(share=True),
}
"""By kind."""
