"""``signward verify raw``."""

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
from signward.cli.sign.options import HashOption, KeyArgument, VersionOption
from signward.cli.verify.verdict import SignatureOption, finish

__all__ = ["raw"]


@connected
def raw(
    session: Session,
    key: KeyArgument,
    signature: SignatureOption,
    message: MessageArgument = None,
    file: FileOption = None,
    encoding: EncodingOption = Encoding.TEXT,
    hash_name: HashOption = None,
    version: VersionOption = 0,
) -> None:
    """Say whether a key signed a message; version 0: any of its versions."""
    content = read_message(message, file, encoding)
    claimed = read_hex(signature, "--signature")
    with session.client() as client:
        answer = client.verify_raw(
            key,
            content,
            claimed,
            hash=None if hash_name is None else hash_name.number,
            version=version,
        )
    finish(session.output, answer)
