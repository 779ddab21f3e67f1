"""The bare server: stock grpcio, generated messages, fixed answers, nothing else.

Started as ``python -m tests.benchmarks.echo SETTINGS``, a JSON file with the PEM paths, the
socket and the answers; prints the port that it got.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
from signward.v1 import key_service_pb2 as keys_pb
from signward.v1 import key_service_pb2_grpc as keys_grpc
from signward.v1 import sign_service_pb2 as sign_pb
from signward.v1 import sign_service_pb2_grpc as sign_grpc

_THREADS = 32


class _Keys(keys_grpc.KeyServiceServicer):
    def __init__(self, answers: dict[str, bytes]) -> None:
        self._public_key = keys_pb.GetPublicKeyResponse.FromString(answers["get_public_key"])

    def GetPublicKey(  # noqa: N802  # named by the protocol
        self, request: keys_pb.GetPublicKeyRequest, context: grpc.ServicerContext
    ) -> keys_pb.GetPublicKeyResponse:
        return self._public_key


class _Signatures(sign_grpc.SignServiceServicer):
    def __init__(self, answers: dict[str, bytes]) -> None:
        singles = [
            sign_pb.SignResponse.FromString(answers[name])
            for name in ("sign_ed25519", "sign_secp256k1")
        ]
        self._singles = {answer.key: answer for answer in singles}
        self._batch = sign_pb.SignBatchResponse.FromString(answers["sign_batch_64"])

    def Sign(  # noqa: N802
        self, request: sign_pb.SignRequest, context: grpc.ServicerContext
    ) -> sign_pb.SignResponse:
        return self._singles[request.key]

    def SignBatch(  # noqa: N802
        self, request: sign_pb.SignBatchRequest, context: grpc.ServicerContext
    ) -> sign_pb.SignBatchResponse:
        return self._batch

    def SignStream(  # noqa: N802
        self,
        request_iterator: Iterator[sign_pb.SignStreamRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[sign_pb.SignStreamResponse]:
        for item in request_iterator:
            answer = self._singles[item.request.key]
            yield sign_pb.SignStreamResponse(id=item.id, response=answer)


def _main() -> None:
    settings = json.loads(Path(sys.argv[1]).read_text())
    answers = {name: bytes.fromhex(text) for name, text in settings["answers"].items()}
    credentials = grpc.ssl_server_credentials(
        [(Path(settings["key"]).read_bytes(), Path(settings["certificate"]).read_bytes())],
        Path(settings["client_ca"]).read_bytes(),
        require_client_auth=True,
    )
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS))
    keys_grpc.add_KeyServiceServicer_to_server(_Keys(answers), server)
    sign_grpc.add_SignServiceServicer_to_server(_Signatures(answers), server)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.add_secure_port(f"unix:{settings['socket']}", credentials)
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    _main()
