"""An API key as people read it."""

from __future__ import annotations

from datetime import UTC, datetime

from signward.cli.output import Output
from signward.v1.admin_service_pb2 import ApiKey

__all__ = ["show_api_key", "state_of"]


def show_api_key(output: Output, key: ApiKey) -> None:
    """Print an API key, as JSON or as names and values."""
    if output.as_json:
        output.json(key)
        return
    output.pairs(
        {
            "id": key.id,
            "identity": key.identity,
            "state": state_of(key),
            "created": key.create_time.ToJsonString(),
            "created by": key.created_by,
            "expires": key.expire_time.ToJsonString(),
            "revoked": key.revoke_time.ToJsonString() if key.HasField("revoke_time") else "",
            "addresses": ", ".join(key.address_ranges) or "any",
            "imported": "yes" if key.imported else "",
        }
    )


def state_of(key: ApiKey) -> str:
    """Return whether a key is active, expired by the clock of this machine, or revoked."""
    if key.HasField("revoke_time"):
        return "revoked"
    if key.expire_time.ToDatetime(UTC) <= datetime.now(UTC):
        return "expired"
    return "active"
