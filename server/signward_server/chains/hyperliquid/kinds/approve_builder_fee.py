"""Lets a builder take a fee of orders."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.decimals import DecimalRefused, parse_decimal
from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed
from signward_server.core.actions import FieldType

__all__ = ["APPROVE_BUILDER_FEE"]

_MAX_RATE = 32
_MOST = 100_000  # all of it
_UNITS = 10**5  # of 1e-8 percent in a tenth of a basis point, 0.001 %
_NAMES = {"maxFeeRate": "max_fee_rate", "builder": "builder"}


def _read_rate(reader: Reader) -> tuple[str, int]:
    """Read a percentage, as it is written and in tenths of a basis point."""
    text = reader.name("max_fee_rate", _MAX_RATE)
    try:
        rate, rest = divmod(parse_decimal(text.removesuffix("%")).units, _UNITS)
    except DecimalRefused:
        rate = rest = -1
    if rest or rate > _MOST or not text.endswith("%"):
        text_of_rule = "Must be a percentage such as 0.001%: thousandths of one, at most 100%."
        reader.note("max_fee_rate", text_of_rule)
    return text, rate


def _build(reader: Reader, setting: Setting) -> Built:
    (text, rate), builder = _read_rate(reader), reader.address("builder")
    fields = {"maxFeeRate": text, "builder": builder, "nonce": 0}
    intent = APPROVE_BUILDER_FEE.intent(setting, {"builder": builder, "max_fee_rate": rate})
    return Built(user_signed("approveBuilderFee", setting.network, fields), (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


APPROVE_BUILDER_FEE = Kind(
    name="approve_builder_fee",
    wire="approveBuilderFee",
    action=policy_action(
        "approve_builder_fee",
        {"builder": FieldType.TEXT, "max_fee_rate": FieldType.NUMBER},
        restricted=True,
    ),
    build=_build,
    record=_record,
    typed=TypedForm(
        "ApproveBuilderFee",
        (("string", "maxFeeRate"), ("address", "builder"), ("uint64", "nonce")),
    ),
    nonce="nonce",
)
