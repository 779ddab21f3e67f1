"""Actions of the exchange as messages, of the records that samples of them are."""

from __future__ import annotations

from typing import Any

from signward.v1 import hyperliquid_pb2 as pb

from tests.unit.server.chains.hyperliquid.samples import SAMPLES

__all__ = ["payload"]


def payload(kind: str, **more: Any) -> pb.HyperliquidPayload:
    """Return the sample of a kind."""
    message = pb.HyperliquidPayload(**more)
    getattr(message, kind).SetInParent()
    _fill(getattr(message, kind), SAMPLES[kind].record)
    return message


def _fill(message: Any, record: dict[str, object]) -> None:
    """Write a record into a message, as a client of any language would."""
    for field in message.DESCRIPTOR.fields:
        value: Any = record.get(field.name)
        if value is None:
            continue
        if field.message_type is not None and field.is_repeated:
            for element in value:
                _fill(getattr(message, field.name).add(), element)
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            _fill(getattr(message, field.name), value)
        elif field.enum_type is not None:
            setattr(message, field.name, _number(field.enum_type, value))
        elif field.is_repeated:
            getattr(message, field.name).extend(value)
        else:
            setattr(message, field.name, value)


def _number(enum: Any, word: str) -> int:
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    number: int = enum.values_by_name[prefix + (word.upper() or "UNSPECIFIED")].number
    return number
