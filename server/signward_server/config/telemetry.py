"""The section of telemetry: where spans and metrics go."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from signward_server.config.addresses import OptionalFilePath
from signward_server.config.quantities import Duration
from signward_server.config.section import Section, contradiction

__all__ = ["Telemetry"]

_LONGEST_URL = 512
_FIX = 'write it like "https://collector:4317", or "http://127.0.0.1:4317" on loopback'
_is_plain = re.compile(r"[!-~]*").fullmatch
_Attribute = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,127}=[^\x00-\x1f\x7f]{1,255}$")
]


def _endpoint(text: str) -> str:
    """Return the address of a collector in which nothing is secret, or the empty text."""
    if not text:
        return text
    try:
        parts = urlsplit(text) if len(text) <= _LONGEST_URL and _is_plain(text) else None
        port = parts.port if parts else None
    except ValueError:
        parts = port = None
    if parts is None or parts.scheme not in ("http", "https") or not (parts.hostname and port):
        raise PydanticCustomError("collector", "is no address of a collector", {"fix": _FIX})
    if "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        fix = "put what the collector wants to know of you into a file for headers"
        raise PydanticCustomError("collector", "holds more than an address", {"fix": fix})
    return text


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Telemetry(Section):
    """Spans and metrics for a collector of OpenTelemetry; /metrics works without it.

    A process of its own sends them. A collector that hangs, refuses or is slow costs spans,
    which are counted, and nothing else.
    """

    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        "",
        description="OTLP/gRPC collector, `https://HOST:PORT`, or `http://` for no TLS; empty "
        "turns spans and the export of metrics off.",
    )
    plaintext: bool = Field(
        False, description="Whether `http://` may leave this machine: spans name keys and callers."
    )
    ca: OptionalFilePath = Field(
        None,
        description="PEM bundle that the collector's certificate comes from; empty: the system.",
    )
    certificate: OptionalFilePath = Field(
        None, description="PEM chain to show to the collector; empty for none."
    )
    private_key: OptionalFilePath = Field(
        None, description="Its unencrypted PEM key; mode 0600 or 0640."
    )
    headers: OptionalFilePath = Field(
        None,
        description="File of metadata to send, such as a token: `name: value` on each line; mode "
        "0600 or 0640. Empty for none.",
    )
    sampling: float = Field(
        1.0,
        ge=0.0,
        le=1.0,
        allow_inf_nan=False,
        description="Share of the traces that begin here and are sampled, 0 to 1; a caller's "
        "own trace is sampled if the caller does so.",
    )
    metrics_interval: Duration = Field(
        timedelta(seconds=15),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=10),
        description="How often the metrics are sent.",
    )
    timeout: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=1),
        description="Time for the collector to take what was sent.",
    )
    service_name: str = Field(
        "signward",
        min_length=1,
        max_length=253,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="What spans and metrics call this daemon.",
    )
    resource: tuple[_Attribute, ...] = Field(
        (),
        max_length=64,
        strict=False,
        description="More that they say of it, `name=value` each, such as "
        "`deployment.environment.name=production`.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        parts = urlsplit(self.endpoint)
        if parts.scheme != "https":
            for key in ("ca", "certificate", "private_key"):
                if getattr(self, key):
                    raise contradiction(key, "is for TLS", 'use "https://…" in endpoint')
        if parts.scheme == "http" and not self.plaintext and not _is_loopback(parts):
            fix = 'use "https://…", or set plaintext where the network is trusted'
            raise contradiction("endpoint", "has no TLS and is another machine", fix)
        if bool(self.certificate) != bool(self.private_key):
            missing = "private_key" if self.certificate else "certificate"
            raise contradiction(missing, "is missing beside the other one", "set both or none")
        return self
