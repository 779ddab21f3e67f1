"""What operators are shown, as messages."""

from __future__ import annotations

from typing import Final

from signward.v1 import admin_service_pb2 as pb

from signward_server.core.api_keys import ApiKey
from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.rpc.convert.times import timestamp

__all__ = ["RELOAD_PARTS", "api_key_message", "reload_result"]

RELOAD_PARTS: Final = {
    ReloadPart.POLICY: pb.RELOAD_PART_POLICY,
    ReloadPart.CERTIFICATES: pb.RELOAD_PART_CERTIFICATES,
    ReloadPart.LIMITS: pb.RELOAD_PART_LIMITS,
    ReloadPart.GROUPS: pb.RELOAD_PART_GROUPS,
    ReloadPart.LOG: pb.RELOAD_PART_LOG,
    ReloadPart.REFERENCES: pb.RELOAD_PART_REFERENCES,
}
"""The numbers in the API of the parts that can be reloaded."""


def api_key_message(api_key: ApiKey) -> pb.ApiKey:
    """Return an API key as the API shows it; its digest stays here."""
    message = pb.ApiKey(
        id=api_key.id,
        identity=str(api_key.identity),
        create_time=timestamp(api_key.create_time),
        expire_time=timestamp(api_key.expire_time),
        address_ranges=api_key.address_ranges,
        created_by=api_key.created_by,
        imported=api_key.imported,
    )
    if api_key.revoke_time is not None:
        message.revoke_time.CopyFrom(timestamp(api_key.revoke_time))
    return message


def reload_result(reloaded: Reloaded) -> pb.ReloadResult:
    """Return what is in force of one part."""
    return pb.ReloadResult(
        part=RELOAD_PARTS[reloaded.part],
        version=reloaded.version,
        changed=reloaded.changed,
        problem=reloaded.problem,
    )
