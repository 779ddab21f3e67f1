"""What a program of a user does, in an environment with the base install alone.

Usage: floors_client.py TARGET CA CERTIFICATE PRIVATE-KEY KEY MESSAGE

The certificate is an administrator's, which makes the key and an API key to go beside it.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from importlib.metadata import version

import signward


def main(target: str, ca: str, certificate: str, private_key: str, key: str, message: str) -> None:
    """Make a key, sign in every way, and print what came of it as one JSON object."""
    content = message.encode()
    credentials = signward.Credentials.from_files(ca, certificate, private_key)
    with signward.Client(target, credentials, timeout=30.0) as client:
        client.create_key(
            key,
            algorithm=signward.Algorithm.ALGORITHM_ED25519,
            purpose=signward.Purpose.PURPOSE_RAW,
        )
        request = signward.raw_request(key, content)
        (batched,) = client.sign_batch([request])
        with client.stream() as stream:
            streamed = stream.sign(request)
        try:
            client.sign_raw("nobody", content)
        except signward.NotFound as error:
            reason = error.reason
        unary = client.sign_raw(key, content)
        made = client.admin.create_api_key("cn:admin", expires=timedelta(hours=1))
        both = signward.Credentials.from_files(ca, certificate, private_key, api_key=made.secret)
        with signward.Client(target, both, timeout=30.0) as other:
            with_api_key = other.sign_raw(key, content)
        answers = (unary, batched, streamed, with_api_key)
        seen = {
            "versions": {
                name: version(name) for name in ("grpcio", "protobuf", "googleapis-common-protos")
            },
            "public_key": client.get_public_key(key).public_key.raw.hex(),
            "signatures": [answer.raw.signature.hex() for answer in answers],
            "reason": reason,
            "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        }
    print(json.dumps(seen))  # noqa: T201 -- a program


main(*sys.argv[1:])
