"""The bare server: stock grpcio, generated messages, fixed answers, nothing else.

Started as ``python -m tests.benchmarks.echo SETTINGS``, a JSON file with the PEM paths, the
socket, the answers and perhaps a port, which several share; prints the port that it got.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any, TypeAlias

import grpc
from signward.v1 import key_service_pb2 as keys_pb
from signward.v1 import sign_service_pb2 as sign_pb

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in its stubs only
_THREADS = 32
_KEY, _BATCH, _STREAM = "get_public_key", "sign_batch_64", "sign_stream"

_KEYS = "signward.v1.KeyService"
_SIGNATURES = "signward.v1.SignService"


def _key_handlers(answers: Mapping[str, bytes]) -> dict[str, _Handler]:
    public_key = keys_pb.GetPublicKeyResponse.FromString(answers.get(_KEY, b""))
    return {
        "GetPublicKey": grpc.unary_unary_rpc_method_handler(
            lambda request, context: public_key,
            keys_pb.GetPublicKeyRequest.FromString,
            keys_pb.GetPublicKeyResponse.SerializeToString,
        )
    }


def _signature_handlers(answers: Mapping[str, bytes]) -> dict[str, _Handler]:
    single = answers.keys() - {_KEY, _BATCH, _STREAM}
    parsed = (sign_pb.SignResponse.FromString(answers[name]) for name in single)
    singles = {answer.key: answer for answer in parsed}
    batch = sign_pb.SignBatchResponse.FromString(answers.get(_BATCH, b""))

    def stream(
        items: Iterator[sign_pb.SignStreamRequest], context: grpc.ServicerContext
    ) -> Iterator[sign_pb.SignStreamResponse]:
        for item in items:
            answer = singles[item.request.key]
            yield sign_pb.SignStreamResponse(id=item.id, response=answer)

    return {
        "Sign": grpc.unary_unary_rpc_method_handler(
            lambda request, context: singles[request.key],
            sign_pb.SignRequest.FromString,
            sign_pb.SignResponse.SerializeToString,
        ),
        "SignBatch": grpc.unary_unary_rpc_method_handler(
            lambda request, context: batch,
            sign_pb.SignBatchRequest.FromString,
            sign_pb.SignBatchResponse.SerializeToString,
        ),
        "SignStream": grpc.stream_stream_rpc_method_handler(
            stream,
            sign_pb.SignStreamRequest.FromString,
            sign_pb.SignStreamResponse.SerializeToString,
        ),
    }


def _main() -> None:
    settings = json.loads(Path(sys.argv[1]).read_text())
    answers = {name: bytes.fromhex(text) for name, text in settings["answers"].items()}
    credentials = grpc.ssl_server_credentials(
        [(Path(settings["key"]).read_bytes(), Path(settings["certificate"]).read_bytes())],
        Path(settings["client_ca"]).read_bytes(),
        require_client_auth=True,
    )
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS))
    server.add_registered_method_handlers(_KEYS, _key_handlers(answers))
    server.add_registered_method_handlers(_SIGNATURES, _signature_handlers(answers))
    port = server.add_secure_port(f"127.0.0.1:{settings.get('port', 0)}", credentials)
    server.add_secure_port(f"unix:{settings['socket']}", credentials)
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    _main()
