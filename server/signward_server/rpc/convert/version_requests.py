"""Requests about versions of keys, checked for form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from signward.v1 import key_service_pb2 as pb

from signward_server.flows.key_requests import RotateKey
from signward_server.rpc.convert.fields import Fields

__all__ = [
    "MAX_GRACE",
    "Activation",
    "Destruction",
    "activate_key_version",
    "restore_key_version",
    "rotate_key",
    "schedule_destroy_key_version",
]

MAX_GRACE = timedelta(days=365)
_MIN_WAIT = timedelta(days=7)
_MAX_WAIT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Activation:
    """A version that is to become primary.

    Attributes:
        key_id: Its key.
        number: Its number, not 0.
        grace_period: How long the old one still signs; ``None`` takes the key's.
    """

    key_id: str
    number: int
    grace_period: timedelta | None


@dataclass(frozen=True, slots=True)
class Destruction:
    """A version that is to be destroyed.

    Attributes:
        key_id: Its key.
        number: Its number, not 0.
        wait: How long that can be taken back.
    """

    key_id: str
    number: int
    wait: timedelta


def rotate_key(message: pb.RotateKeyRequest) -> RotateKey:
    """Convert a RotateKeyRequest.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    request = RotateKey(
        key_id=fields.key_id("key_id", message.key_id),
        request_id=fields.request_id("request_id", message.request_id),
        etag=message.etag,
        grace_period=_grace(fields, message),
    )
    fields.check()
    return request


def activate_key_version(message: pb.ActivateKeyVersionRequest) -> Activation:
    """Convert an ActivateKeyVersionRequest.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    key_id = fields.key_id("key_id", message.key_id)
    number = fields.version("version", message.version)
    grace = _grace(fields, message)
    fields.check()
    return Activation(key_id, number, grace)


def schedule_destroy_key_version(message: pb.ScheduleDestroyKeyVersionRequest) -> Destruction:
    """Convert a ScheduleDestroyKeyVersionRequest.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    key_id = fields.key_id("key_id", message.key_id)
    number = fields.version("version", message.version)
    wait = _MAX_WAIT
    if message.HasField("wait"):
        wait = fields.duration("wait", message.wait, _MAX_WAIT, _MIN_WAIT)
    fields.check()
    return Destruction(key_id, number, wait)


def restore_key_version(message: pb.RestoreKeyVersionRequest) -> tuple[str, int]:
    """Convert a RestoreKeyVersionRequest to key id and number.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    key_id = fields.key_id("key_id", message.key_id)
    number = fields.version("version", message.version)
    fields.check()
    return key_id, number


def _grace(
    fields: Fields, message: pb.RotateKeyRequest | pb.ActivateKeyVersionRequest
) -> timedelta | None:
    if not message.HasField("grace_period"):
        return None
    return fields.duration("grace_period", message.grace_period, MAX_GRACE)
