"""Spans as OTLP has them (opentelemetry/proto/trace/v1/trace.proto).

What spans of one caller, key and outcome have in common is encoded once and kept.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from signward_server.telemetry.export.conventions import FAULTS, GRPC
from signward_server.telemetry.export.wire import delimited, integer_attribute, text_attribute
from signward_server.telemetry.tracing import FinishedSpan

__all__ = ["SpanEncoder"]

_SPANS = 2  # ScopeSpans.spans
_NAME, _ATTRIBUTES, _STATUS = 5, 9, 15  # fields of Span
_TIMES: Final = struct.Struct("<BQBQ")
_START, _END = 0x39, 0x41  # start_time_unix_nano and end_time_unix_nano, fixed64
_TRACE_ID, _SPAN_ID, _PARENT_ID = b"\x0a\x10", b"\x12\x08", b"\x22\x08"  # 16 and 8 bytes
_SERVER, _INTERNAL = b"\x30\x02", b"\x30\x01"  # kind
_STATUS_MESSAGE, _STATUS_ERROR = 2, b"\x18\x02"
# Flags, fixed32: sampled; and of a call that its parent is remote, or that it has none.
_SAMPLED, _BELOW_REMOTE, _ROOT = (
    b"\x85\x01" + struct.pack("<I", flags) for flags in (0x001, 0x301, 0x101)
)
_NANO = 1_000_000_000
_MOST = 4096  # combinations that are kept
_OURS: Final = (
    "signward.identity",
    "signward.action",
    "signward.key",
    "signward.key.version",
    "signward.purpose",
    "signward.custody",
    "signward.decision",
    "signward.audit.log",
)
_Common = tuple[str, bool, str, str, str, str, str, str, int, str, str, str, str]


class SpanEncoder:
    """Encodes spans; keeps what they have in common."""

    def __init__(self) -> None:
        self._known: dict[_Common, bytes] = {}

    def encode(self, spans: Iterable[FinishedSpan]) -> bytes:
        """Return spans as the field ``spans`` of a ``ScopeSpans``, repeated."""
        return b"".join([delimited(_SPANS, self._span(span)) for span in spans])

    def _span(self, span: FinishedSpan) -> bytes:
        trace_id, span_id, parent_id, end, duration, sequence, *_ = span
        common = span[6:]
        is_item = common[1]
        parent = _PARENT_ID + bytes.fromhex(parent_id) if parent_id else b""
        flags = _SAMPLED if is_item else _BELOW_REMOTE if parent_id else _ROOT
        number = b""
        if sequence >= 0:
            number = integer_attribute(_ATTRIBUTES, "signward.audit.sequence", sequence)
        return b"".join(
            (
                _TRACE_ID,
                bytes.fromhex(trace_id),
                _SPAN_ID,
                bytes.fromhex(span_id),
                parent,
                _TIMES.pack(_START, end - int(duration * _NANO), _END, end),
                self._known.get(common) or self._common(common),
                number,
                flags,
            )
        )

    def _common(self, common: _Common) -> bytes:
        if len(self._known) >= _MOST:
            self._known.clear()
        encoded = self._known[common] = _encoded(common)
        return encoded


def _encoded(common: _Common) -> bytes:
    method, is_item, status, reason, peer = common[:5]
    name = method.removeprefix("/")
    fields = [
        delimited(_NAME, (f"{name} item" if is_item else name).encode()),
        _INTERNAL if is_item else _SERVER,
    ]
    attributes: dict[str, str | int] = {
        "rpc.system.name": GRPC,
        "rpc.method": name,
        "rpc.response.status_code": status,
        "error.type": status if status in FAULTS else "",
        "network.peer.address": peer,
        "signward.outcome": reason or status,
        **dict(zip(_OURS, common[5:], strict=True)),
    }
    for key, value in attributes.items():
        if isinstance(value, int):
            fields += [integer_attribute(_ATTRIBUTES, key, value)] if value else []
        elif value:
            fields.append(text_attribute(_ATTRIBUTES, key, value))
    if status in FAULTS:
        message = delimited(_STATUS_MESSAGE, reason.encode()) if reason else b""
        fields.append(delimited(_STATUS, message + _STATUS_ERROR))
    return b"".join(fields)
