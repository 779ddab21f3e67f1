"""The sections of limits: how much the daemon takes on (S42)."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from signward_server.config.quantities import Duration, Size
from signward_server.config.section import Section, contradiction

__all__ = ["Limits"]

_KIB = 2**10
_MIB = 2**20


class Limits(Section):
    """How much the daemon takes on before it refuses; refusing is quick, waiting is not."""

    unary_threads: int = Field(
        16,
        ge=1,
        le=256,
        description="Threads for unary calls; streams never take one of them. "
        "``listen.api_keys`` has half as many of its own, and a queue of its own.",
    )
    queue: int = Field(
        256,
        ge=1,
        le=65536,
        description="Unary calls that may wait, for a thread or for their message; more are "
        "refused with OVERLOADED.",
    )
    streams: int = Field(
        64,
        ge=1,
        le=1024,
        description="Streams open at a time in all, health and reflection included.",
    )
    streams_per_identity: int = Field(
        16, ge=1, le=1024, description="Streams open at a time by one identity."
    )
    stream_ids: int = Field(
        256,
        ge=1,
        le=4096,
        description="The last ids of a stream that are remembered; an item that repeats one of "
        "them is refused.",
    )
    streams_per_connection: int = Field(
        100, ge=1, le=100, description="Calls and streams at a time on one connection (HTTP/2)."
    )
    message_bytes: Size = Field(
        128 * _KIB,
        ge=16 * _KIB,
        le=_MIB,
        description="Largest request message of a unary call or a stream, a batch excepted.",
    )
    batch_bytes: Size = Field(
        _MIB, ge=16 * _KIB, le=_MIB, description="Largest request message of SignBatch."
    )
    metadata_bytes: Size = Field(
        8 * _KIB, ge=_KIB, le=64 * _KIB, description="Largest metadata of a call."
    )
    connections_per_address: int = Field(
        256,
        ge=0,
        le=65536,
        description="TCP connections of one address (of IPv6: of one /64) at a time; the newest "
        "beyond it are closed within a second. ``0`` sets no cap.",
    )
    handshake_timeout: Duration = Field(
        timedelta(seconds=3),
        ge=timedelta(milliseconds=100),
        le=timedelta(seconds=30),
        description="Time for a TLS handshake.",
    )
    reception_timeout: Duration = Field(
        timedelta(seconds=3),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=1),
        description="Time for the message of a unary call to arrive.",
    )
    connection_idle: Duration = Field(
        timedelta(minutes=5),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="A connection without calls is closed after this.",
    )
    connection_age: Duration = Field(
        timedelta(minutes=30),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="A connection is closed after this, so that certificates are checked anew.",
    )
    connection_age_grace: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(0),
        le=timedelta(minutes=5),
        description="Calls of a connection that has reached its age may go on for this long.",
    )
    imports_per_identity: int = Field(
        16,
        ge=1,
        le=1024,
        description="Imports of one identity that may wait for their private key; each ends "
        "after ten minutes.",
    )
    request_ids_per_identity: int = Field(
        100_000,
        ge=1,
        le=10_000_000,
        description="request_ids remembered for one identity; more are refused, none is dropped.",
    )
    request_id_retention: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(minutes=1),
        le=timedelta(days=30),
        description="How long a request_id is remembered.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.streams_per_identity > self.streams:
            raise contradiction(
                "streams_per_identity",
                "is above limits.streams",
                "lower it to at most limits.streams, or raise that",
            )
        if self.message_bytes > self.batch_bytes:
            raise contradiction(
                "message_bytes",
                "is above limits.batch_bytes",
                "lower it to at most limits.batch_bytes, or raise that",
            )
        return self
