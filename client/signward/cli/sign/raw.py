"""``signward sign raw``."""

from __future__ import annotations

from signward.cli.connection import Session, connected
from signward.cli.payload import (
    Encoding,
    EncodingOption,
    FileOption,
    MessageArgument,
    read_hex,
    read_message,
)
from signward.cli.sign.options import (
    FingerprintOption,
    HashOption,
    KeyArgument,
    RequestIdOption,
    VersionOption,
)

__all__ = ["raw"]


@connected
def raw(
    session: Session,
    key: KeyArgument,
    message: MessageArgument = None,
    file: FileOption = None,
    encoding: EncodingOption = Encoding.TEXT,
    hash_name: HashOption = None,
    version: VersionOption = 0,
    expected_fingerprint: FingerprintOption = "",
    request_id: RequestIdOption = "",
) -> None:
    """Sign a message and print the signature in hex; version 0: the primary one."""
    content = read_message(message, file, encoding)
    fingerprint = read_hex(expected_fingerprint, "--expected-fingerprint")
    with session.client() as client:
        answer = client.sign_raw(
            key,
            content,
            hash=None if hash_name is None else hash_name.number,
            version=version,
            expected_fingerprint=fingerprint,
            request_id=request_id,
        )
    if session.output.as_json:
        session.output.json(answer)
    else:
        session.output.line(answer.raw.signature.hex())
