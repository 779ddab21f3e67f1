"""Options that the signing and verifying commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.names import HashName

__all__ = [
    "ActionOption",
    "BuyOption",
    "CoinOption",
    "FingerprintOption",
    "HashOption",
    "KeyArgument",
    "LimitOption",
    "RequestIdOption",
    "SizeOption",
    "VersionOption",
]

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")]
VersionOption = Annotated[int, typer.Option(min=0, help="Version of the key.")]
HashOption = Annotated[
    HashName | None,
    typer.Option("--hash", help="What secp256k1 signs; not for Ed25519.", show_default=False),
]
RequestIdOption = Annotated[str, typer.Option(help="Makes repeating this command safe.")]
FingerprintOption = Annotated[
    str,
    typer.Option("--expected-fingerprint", metavar="HEX", help="Refuse another public key."),
]
ActionOption = Annotated[str, typer.Option(help="What to do, such as order.")]
CoinOption = Annotated[str, typer.Option(help="What to trade, such as BTC.")]
BuyOption = Annotated[bool, typer.Option("--buy/--sell", help="The side.")]
SizeOption = Annotated[str, typer.Option("--sz", help="Size, plain decimal.")]
LimitOption = Annotated[str, typer.Option("--limit-px", help="Limit price, plain decimal.")]
