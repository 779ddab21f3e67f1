"""S39: without the right to view it, no question about a key tells it from none at all.

Each RPC that names a key is asked about a key in every condition that has an error of its
own, by a caller who may do everything with it but view it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.rpc import status_pb2
from signward.v1 import account_service_pb2 as accounts
from signward.v1 import admin_service_pb2 as admin
from signward.v1 import key_service_pb2 as keys
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as sign
from signward_server.core.errors import PolicyError, SignwardError
from signward_server.core.keys import Freeze, KeyState, Purpose, VersionState
from signward_server.flows.access import VIEW_KEY
from signward_server.rpc.status import status_of

from tests.fakes.spine.agent_register import agent
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.rpc import grpc_call, routes
from tests.fakes.spine.world import World

KEY, MISSING = "bot-key", "missing"

CONDITIONS: dict[str, Callable[[World], object]] = {
    "fine": lambda world: world.key(),
    "disabled": lambda world: world.key(state=KeyState.DISABLED),
    "frozen": lambda world: world.key(freeze=Freeze.ALL),
    "half frozen": lambda world: world.key(freeze=Freeze.CANCEL_ONLY),
    "for other payloads": lambda world: world.key(purpose=Purpose.HEDERA),
    "pending": lambda world: world.key(versions=[VersionState.PENDING]),
    "retired": lambda world: world.key(versions=[VersionState.RETIRED]),
    "destroyed": lambda world: world.key(versions=[VersionState.DESTROYED]),
    "damaged": lambda world: world.catalogue.corrupt.add(KEY),
    "limited": lambda world: (world.key(), world.limits.refused.add(KEY)),
    "of no custody": lambda world: (world.key(), world.custodies.clear()),
    "in a store that fails": lambda world: (world.key(), _fail(world)),
}


def _fail(world: World) -> None:
    world.catalogue.failure = RuntimeError  # type: ignore[assignment]


def _raw(message: bytes = b"hello") -> sign.RawMessage:
    return sign.RawMessage(message=message)


def _question(key: str) -> sign.VerifyRequest:
    return sign.VerifyRequest(
        key=key, raw=_raw(), raw_signature=sign.RawSignature(signature=bytes(64))
    )


def _update(key: str, **fields: object) -> keys.UpdateKeyRequest:
    mask = FieldMask(paths=["labels"])
    return keys.UpdateKeyRequest(key_id=key, labels={"a": "b"}, update_mask=mask, **fields)  # type: ignore[arg-type]


# Questions about a key, by RPC; further ones for what a key can disagree with.
_WEEK = Duration(seconds=7 * 86_400)
QUESTIONS: dict[str, list[Callable[[str], Message]]] = {
    "Sign": [
        lambda key: sign.SignRequest(key=key, raw=_raw()),
        lambda key: sign.SignRequest(key=key, raw=_raw(), version=7),
        lambda key: sign.SignRequest(key=key, raw=_raw(), expected_fingerprint=bytes(32)),
        lambda key: sign.SignRequest(key=key, raw=_raw(), request_id="r1"),
        lambda key: sign.SignRequest(key=key, raw=_raw(b"")),
        lambda key: sign.SignRequest(key=key, order=sign.OrderIntent(action="order")),
    ],
    "SignBatch": [
        lambda key: sign.SignBatchRequest(requests=[sign.SignRequest(key=key, raw=_raw())])
    ],
    "SignStream": [
        lambda key: sign.SignStreamRequest(request=sign.SignRequest(key=key, raw=_raw()))
    ],
    "Verify": [_question],
    "GetKey": [lambda key: keys.GetKeyRequest(key_id=key)],
    "GetPublicKey": [
        lambda key: keys.GetPublicKeyRequest(key_id=key),
        lambda key: keys.GetPublicKeyRequest(key_id=key, version=7),
    ],
    "UpdateKey": [_update, lambda key: _update(key, etag="r9")],
    "DisableKey": [lambda key: keys.DisableKeyRequest(key_id=key)],
    "EnableKey": [lambda key: keys.EnableKeyRequest(key_id=key)],
    "ListKeyVersions": [lambda key: keys.ListKeyVersionsRequest(key_id=key)],
    "CheckKey": [lambda key: keys.CheckKeyRequest(key_id=key)],
    "RotateKey": [
        lambda key: keys.RotateKeyRequest(key_id=key),
        lambda key: keys.RotateKeyRequest(key_id=key, request_id="r1", etag="r9"),
    ],
    "ActivateKeyVersion": [lambda key: keys.ActivateKeyVersionRequest(key_id=key, version=7)],
    "ScheduleDestroyKeyVersion": [
        lambda key: keys.ScheduleDestroyKeyVersionRequest(key_id=key, version=7, wait=_WEEK)
    ],
    "RestoreKeyVersion": [lambda key: keys.RestoreKeyVersionRequest(key_id=key, version=7)],
    "FreezeKey": [lambda key: admin.FreezeKeyRequest(key_id=key, mode=resources.FREEZE_ALL)],
    "UnfreezeKey": [lambda key: admin.UnfreezeKeyRequest(key_id=key)],
    "ApproveAgent": [
        lambda key: accounts.ApproveAgentRequest(
            key=key, agent_key=key, network="testnet", request_id="r1"
        )
    ],
    "RotateAgent": [
        lambda key: accounts.RotateAgentRequest(key=key, agent_key=key, request_id="r1")
    ],
    "ListAgents": [lambda key: accounts.ListAgentsRequest(key=key)],
    "ExpireAgent": [lambda key: accounts.ExpireAgentRequest(key=key, address="0x" + "1" * 40)],
}
# What views no key by its id: creation is scoped by the policy, a list leaves keys out, and
# what is not implemented looks at nothing.
OTHERS = {"CreateKey", "ImportKey", "ListKeys"}
EACH = [(name, place) for name, asked in QUESTIONS.items() for place in range(len(asked))]


def _told(world: World, name: str, request: Message) -> status_pb2.Status:
    """Ask, and return what the caller is told; it must be an error."""
    route = routes(world)[name]
    call = grpc_call(world, route.name)
    data = request.SerializeToString()
    try:
        if route.unary is not None:
            answer = sign.SignBatchResponse.FromString(route.unary(data, call))
            (result,) = answer.results
            return result.error
        assert route.streaming is not None
        (streamed,) = route.streaming(iter([data]), call)
        return sign.SignStreamResponse.FromString(streamed).error
    except SignwardError as error:
        return status_of(error)


def test_every_rpc_that_views_a_key_is_asked_about() -> None:
    world = World()
    unimplemented = set()
    for name, route in routes(world).items():
        if route.unary is not None and VIEW_KEY in route.actions:
            try:
                route.unary(b"", grpc_call(world, route.name))
            except SignwardError as error:
                if error.reason == "METHOD_UNIMPLEMENTED":
                    unimplemented.add(name)
    viewing = {name for name, route in routes(world).items() if VIEW_KEY in route.actions}
    assert viewing - unimplemented - OTHERS == set(QUESTIONS)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(("name", "place"), EACH)
def test_s39_a_hidden_key_is_as_one_that_does_not_exist(
    name: str, place: int, condition: str
) -> None:
    world = World()
    CONDITIONS[condition](world)
    world.policy.rule = lambda j: j.action not in {VIEW_KEY, "GetCustodyStatus"}
    ask = QUESTIONS[name][place]
    hidden, missing = _told(world, name, ask(KEY)), _told(world, name, ask(MISSING))
    assert hidden == missing
    assert "KEY_NOT_FOUND" in str(hidden)
    assert world.custody.asked == []
    assert world.custody.forgotten == []
    recorded = [dataclasses.replace(e, key="", call=None) for e in world.audit.entries]
    assert recorded in ([], recorded[:1] * 2)


@pytest.mark.parametrize("condition", ["fine", "damaged"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_s05_a_view_that_cannot_be_decided_is_no_view(name: str, condition: str) -> None:
    world = World()
    CONDITIONS[condition](world)

    def err(judgement: Judgement) -> bool:
        raise PolicyError

    world.policy.rule = err
    hidden, missing = (_told(world, name, QUESTIONS[name][0](key)) for key in (KEY, MISSING))
    assert hidden == missing


@pytest.mark.parametrize("name", QUESTIONS)
def test_s39_that_a_key_is_damaged_is_told_to_whoever_may_ask_for_all(name: str) -> None:
    world = World()
    world.catalogue.corrupt.add(KEY)
    world.policy.rule = lambda j: j.action == "GetCustodyStatus"
    assert "ENVELOPE_CORRUPT" in str(_told(world, name, QUESTIONS[name][0](KEY)))
    assert "KEY_NOT_FOUND" in str(_told(world, name, QUESTIONS[name][0](MISSING)))


@pytest.mark.parametrize("name", QUESTIONS)
def test_s39_a_key_that_one_may_view_but_not_use_is_denied(name: str) -> None:
    world = World()
    world.key()
    world.register.put(agent("1", key=KEY, agent_key=KEY))
    world.policy.rule = lambda j: j.action == VIEW_KEY
    assert "POLICY_DENIED" in str(_told(world, name, QUESTIONS[name][0](KEY)))


def test_s39_the_id_of_a_damaged_key_is_taken() -> None:
    world = World()
    world.catalogue.corrupt.add(KEY)
    world.policy.denied.add("GetCustodyStatus")
    request = keys.CreateKeyRequest(
        key_id=KEY,
        algorithm=resources.ALGORITHM_ED25519,
        custody=resources.CUSTODY_ENVELOPE,
        purpose=resources.PURPOSE_RAW,
    )
    assert "KEY_EXISTS" in str(_told(world, "CreateKey", request))
    assert world.custody.created == []
