"""Numbers, addresses and ids that two readers might take for two things."""

from __future__ import annotations

from typing import Final

from signward.v1 import hyperliquid_pb2 as pb

from tests.running.red_team.attempts import INVALID, UNSUPPORTED, Attempt
from tests.running.red_team.thieves import HOME, payload

__all__ = ["NUMBERS"]

_BAD_NUMBERS: Final = {
    "NaN": "NaN",
    "infinity": "Infinity",
    "below zero": "-65000",
    "minus zero": "-0",
    "with a sign": "+65000",
    "with an exponent": "65e3",
    "with a comma": "65,000",
    "with an underscore": "65_000",
    "with a leading zero": "065000",
    "without digits before the point": ".5",
    "without digits after the point": "65000.",
    "of nine decimals": "65000.123456789",
    "of more digits than a double has": "45035996273.70497",
    "in wide digits": "\uff16\uff15\uff10\uff10\uff10",
    "in Arabic digits": "\u0666\u0665\u0660\u0660\u0660",
    "with a space that nobody sees": "65000\u200b",
    "with a line end": "65000\n",
    "in base 16": "0xfde8",
    "of nothing": "",
    "of 29 characters": "65000." + "0" * 23,
}
_BAD_ADDRESSES: Final = {
    "with a capital X": HOME.replace("0x", "0X"),
    "with a letter of another script": HOME.replace("a11ce", "\u043011ce"),
    "of 41 digits": f"{HOME}0",
    "of 39 digits": HOME[:-1],
    "with a space": f" {HOME}",
    "with NUL": f"{HOME}\0",
    "in wide digits": HOME.replace("11", "\uff11\uff11"),
}

NUMBERS: Final = (
    *(
        Attempt(f"a price {name}", lambda t, px=text: t.orders(t.order(px)), INVALID)  # type: ignore[misc]
        for name, text in _BAD_NUMBERS.items()
    ),
    Attempt(
        "an amount below zero",
        lambda _: payload(withdraw=pb.HyperliquidWithdraw(destination=HOME, amount="-1")),
        INVALID,
    ),
    Attempt(
        "a size beyond 2^63 units", lambda t: t.orders(t.order(sz="1" + "0" * 20)), UNSUPPORTED
    ),
    *(
        Attempt(
            f"the pinned address {name}",
            lambda _, to=address: payload(  # type: ignore[misc]
                withdraw=pb.HyperliquidWithdraw(destination=to, amount="1")
            ),
            INVALID,
        )
        for name, address in _BAD_ADDRESSES.items()
    ),
    Attempt(
        "a client order id that is none",
        lambda t: t.orders(t.order(cloid="0x" + "g" * 32)),
        INVALID,
    ),
)
