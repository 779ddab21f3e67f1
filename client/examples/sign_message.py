"""Sign a message and check the signature against the public key.

Where the daemon is comes from the environment (SIGNWARD_PROFILE and SIGNWARD_PROFILES, or
SIGNWARD_TARGET, SIGNWARD_CA, SIGNWARD_CERT and SIGNWARD_KEY)::

    python sign_message.py KEY MESSAGE

The key is an Ed25519 key of purpose raw: signward key create KEY --algorithm ed25519 --purpose raw
"""

from __future__ import annotations

import sys

import signward


def main(key: str, message: str) -> int:
    """Sign, verify, and print the signature in hex."""
    try:
        with signward.Client.from_environment() as client:
            answer = client.sign_raw(key, message.encode())
            verdict = client.verify_raw(key, message.encode(), answer.raw.signature)
    except signward.SignwardError as error:
        print(f"not signed: {error}", file=sys.stderr)
        return 1
    print(f"{answer.raw.signature.hex()} by {answer.key}, version {answer.version}")
    return 0 if verdict.valid else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004 -- the program and its two arguments
        sys.exit(f"usage: {sys.argv[0]} KEY MESSAGE")
    sys.exit(main(sys.argv[1], sys.argv[2]))
