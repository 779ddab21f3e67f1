"""``signward key public-key``."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.key.options import KeyArgument
from signward.v1.resources_pb2 import PublicKey

__all__ = ["public_key"]


class Format(enum.StrEnum):
    """How to print a public key."""

    PEM = "pem"
    HEX = "hex"
    FINGERPRINT = "fingerprint"
    ADDRESS = "address"


def _text(key: PublicKey, form: Format) -> str:
    if form is Format.PEM:
        return key.pem.rstrip("\n")
    if form is Format.ADDRESS:
        return _address(key)
    return (key.raw if form is Format.HEX else key.fingerprint).hex()


def _address(key: PublicKey) -> str:
    if not key.ethereum_address:
        raise typer.BadParameter("only hyperliquid keys have an address", param_hint="--format")
    return key.ethereum_address


@connected
def public_key(
    session: Session,
    key_id: KeyArgument,
    version: Annotated[int, typer.Option(min=0, help="Its version; 0: the primary one.")] = 0,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.PEM,
) -> None:
    """Print the public key of a version."""
    with session.client() as client:
        answer = client.get_public_key(key_id, version=version)
    if session.output.as_json:
        session.output.json(answer)
    else:
        session.output.line(_text(answer.public_key, form))
