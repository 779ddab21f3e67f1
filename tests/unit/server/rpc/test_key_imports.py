"""CreateImportParameters and ImportKey: messages in, messages out."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from signward.importing import import_info
from signward.sealing import sealer
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2
from signward_server.core.errors import FieldInvalid, PayloadMalformed
from signward_server.rpc.routes import Unary

from tests.fakes.spine.rpc import grpc_call, key_imports
from tests.fakes.spine.world import World

SECRET = bytes(range(32))


@pytest.fixture
def world() -> World:
    return World()


def _unary(world: World, name: str) -> Unary:
    (found,) = (
        route.unary
        for route in key_imports(world).routes()
        if route.name == f"/signward.v1.KeyService/{name}"
    )
    assert found is not None
    return found


def test_parameters_are_sealed_to_and_the_key_comes_back(world: World) -> None:
    fields = {
        "key_id": "mine",
        "algorithm": resources_pb2.ALGORITHM_ED25519,
        "purpose": resources_pb2.PURPOSE_RAW,
    }
    asked = pb.CreateImportParametersRequest(**fields)  # type: ignore[arg-type]
    answer = _unary(world, "CreateImportParameters")(asked.SerializeToString(), grpc_call(world))
    parameters = pb.CreateImportParametersResponse.FromString(answer)
    assert parameters.identity == "cn:bot"
    info = import_info(parameters, **fields)  # type: ignore[arg-type]
    request = pb.ImportKeyRequest(
        **fields,  # type: ignore[arg-type]
        custody=resources_pb2.CUSTODY_ENVELOPE,
        import_id=parameters.import_id,
        wrapped_key=sealer(SECRET)(parameters.wrapping_public_key, info),
    )
    answer = _unary(world, "ImportKey")(request.SerializeToString(), grpc_call(world))
    key = pb.ImportKeyResponse.FromString(answer).key
    assert (key.id, key.owner, key.etag) == ("mine", "cn:bot", "r1")
    expected = Ed25519PrivateKey.from_private_bytes(SECRET).public_key().public_bytes_raw()
    assert [version.public_key.raw for version in key.versions] == [expected]


@pytest.mark.parametrize("name", ["CreateImportParameters", "ImportKey"])
def test_garbage_and_unknown_fields_are_refused(world: World, name: str) -> None:
    for data, error in ((b"garbage", PayloadMalformed), (b"\xf8\x7f\x01", FieldInvalid)):
        with pytest.raises(error):
            _unary(world, name)(data, grpc_call(world))
