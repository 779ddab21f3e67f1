"""``signward sign order``."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.failures import printable
from signward.cli.payload import read_hex
from signward.cli.sign.options import (
    ActionOption,
    BuyOption,
    CoinOption,
    FingerprintOption,
    KeyArgument,
    LimitOption,
    RequestIdOption,
    SizeOption,
    VersionOption,
)

__all__ = ["order"]


@connected
def order(
    session: Session,
    key: KeyArgument,
    coin: CoinOption,
    is_buy: BuyOption,
    sz: SizeOption,
    limit_px: LimitOption,
    action: ActionOption = "order",
    timestamp: Annotated[
        int | None, typer.Option(help="Milliseconds since 1970; default: now.", show_default=False)
    ] = None,
    version: VersionOption = 0,
    expected_fingerprint: FingerprintOption = "",
    request_id: RequestIdOption = "",
) -> None:
    """Sign an order; print the signature in hex, then the signed bytes; version 0: primary."""
    fingerprint = read_hex(expected_fingerprint, "--expected-fingerprint")
    with session.client() as client:
        answer = client.sign_order(
            key,
            action=action,
            coin=coin,
            is_buy=is_buy,
            sz=sz,
            limit_px=limit_px,
            timestamp=time.time_ns() // 1_000_000 if timestamp is None else timestamp,
            version=version,
            expected_fingerprint=fingerprint,
            request_id=request_id,
        )
    if session.output.as_json:
        session.output.json(answer)
    else:
        session.output.line(answer.order.signature.hex())
        session.output.line(printable(answer.order.signed_bytes.decode("utf-8", "replace")))
