"""``signward verify order``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.payload import read_hex
from signward.cli.sign.options import (
    ActionOption,
    BuyOption,
    CoinOption,
    KeyArgument,
    LimitOption,
    SizeOption,
    VersionOption,
)
from signward.cli.verify.verdict import SignatureOption, finish
from signward.requests import order_request

__all__ = ["order"]


@connected
def order(
    session: Session,
    key: KeyArgument,
    signature: SignatureOption,
    coin: CoinOption,
    is_buy: BuyOption,
    sz: SizeOption,
    limit_px: LimitOption,
    timestamp: Annotated[int, typer.Option(help="Milliseconds since 1970.")],
    action: ActionOption = "order",
    version: VersionOption = 0,
) -> None:
    """Say whether a key signed an order; version 0: any of its versions."""
    claimed = read_hex(signature, "--signature")
    intent = order_request(
        key,
        action=action,
        coin=coin,
        is_buy=is_buy,
        sz=sz,
        limit_px=limit_px,
        timestamp=timestamp,
    ).order
    with session.client() as client:
        answer = client.verify_order(key, intent, claimed, version=version)
    finish(session.output, answer)
