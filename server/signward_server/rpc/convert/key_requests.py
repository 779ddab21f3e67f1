"""Requests about keys, checked for form."""

from __future__ import annotations

from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from signward.v1 import key_service_pb2 as pb

from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.flows.key_requests import CreateKey, KeyFilter, UpdateKey
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.times import moment
from signward_server.rpc.convert.version_requests import MAX_GRACE

__all__ = ["create_key", "key_filter", "key_to_make", "update_key"]

_MAX_UNLOCK_TTL = timedelta(days=30)  # no daemon allows more; most allow less
_DEFAULT_GRACE = timedelta(days=30)
_MIN_ROTATION = timedelta(hours=1)
_MAX_ROTATION = timedelta(days=3650)
_MUTABLE = (
    "labels",
    "owner",
    "unlock_ttl",
    "grace_period",
    "rotation_period",
    "grace_end_time",
)


def create_key(message: pb.CreateKeyRequest) -> CreateKey:
    """Convert a CreateKeyRequest.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    return key_to_make(Fields(), message)


def key_to_make(fields: Fields, message: pb.CreateKeyRequest | pb.ImportKeyRequest) -> CreateKey:
    """Convert what the requests for a key have in common, new or brought along.

    Raises:
        FieldInvalid: Names each field at fault, those included that were noted before.
    """
    key_id = fields.key_id("key_id", message.key_id)
    algorithm = fields.choice("algorithm", Algorithm, message.algorithm)
    custody = fields.choice("custody", CustodyKind, message.custody)
    purpose = fields.choice("purpose", Purpose, message.purpose)
    owner = fields.identity("owner", message.owner)
    user_id = fields.text("user_id", message.user_id)
    labels = fields.labels("labels", message.labels)
    request_id = fields.request_id("request_id", message.request_id)
    unlock_ttl = grace = None
    if message.HasField("unlock_ttl"):
        unlock_ttl = fields.duration("unlock_ttl", message.unlock_ttl, _MAX_UNLOCK_TTL)
    if message.HasField("grace_period"):
        grace = fields.duration("grace_period", message.grace_period, MAX_GRACE)
    rotation = _rotation_period(fields, message.rotation_period)
    vault = fields.address("vault_address", message.vault_address)
    for name in ("threshold", "aws_kms"):
        if message.HasField(name):
            fields.note(name, "This custody does not take it.")
    fields.check()
    if algorithm is None or custody is None or purpose is None:
        raise AssertionError("a missing choice is noted")
    attributes = KeyAttributes(
        id=key_id,
        algorithm=algorithm,
        custody=custody,
        purpose=purpose,
        network=message.network,
        allow_digest=message.allow_digest,
        vault_address=vault,
    )
    return CreateKey(
        attributes=attributes,
        owner=owner,
        user_id=user_id,
        labels=labels,
        unlock_ttl=unlock_ttl,
        grace_period=grace,
        rotation_period=rotation,
        request_id=request_id,
        validate_only=message.validate_only,
    )


def update_key(message: pb.UpdateKeyRequest) -> UpdateKey:
    """Convert an UpdateKeyRequest; only what the mask names is looked at.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    key_id = fields.key_id("key_id", message.key_id)
    mask = set(message.update_mask.paths)
    if not mask or mask.difference(_MUTABLE):
        fields.note("update_mask", f"Must name some of {', '.join(_MUTABLE)}, and nothing else.")
    labels = owner = unlock_ttl = grace = None
    if "labels" in mask:
        labels = fields.labels("labels", message.labels)
    if "owner" in mask:
        owner = fields.identity("owner", message.owner)
        if not owner:
            fields.note("owner", "Must not be empty.")
    if "unlock_ttl" in mask and message.HasField("unlock_ttl"):
        unlock_ttl = fields.duration("unlock_ttl", message.unlock_ttl, _MAX_UNLOCK_TTL)
    if "grace_period" in mask:
        grace = _DEFAULT_GRACE
        if message.HasField("grace_period"):
            grace = fields.duration("grace_period", message.grace_period, MAX_GRACE)
    rotation = None
    if "rotation_period" in mask:
        rotation = _rotation_period(fields, message.rotation_period)
    version, end = 0, None
    if "grace_end_time" in mask:
        version, end = fields.version("grace_version", message.grace_version), _end(fields, message)
    fields.check()
    return UpdateKey(
        key_id=key_id,
        etag=message.etag,
        owner=owner,
        labels=labels,
        reset_unlock_ttl="unlock_ttl" in mask and unlock_ttl is None,
        unlock_ttl=unlock_ttl,
        grace_period=grace,
        rotation_period=rotation,
        grace_version=version,
        grace_end_time=end,
    )


def key_filter(fields: Fields, message: pb.ListKeysRequest) -> KeyFilter:
    """Convert the filter of a ListKeysRequest; what is wrong is noted in ``fields``."""
    return KeyFilter(
        labels=fields.labels("labels", message.labels),
        owner=fields.identity("owner", message.owner),
        user_id=fields.text("user_id", message.user_id),
        purpose=fields.optional_choice("purpose", Purpose, message.purpose),
        custody=fields.optional_choice("custody", CustodyKind, message.custody),
    )


def _rotation_period(fields: Fields, message: Duration) -> timedelta:
    """Check a time between rotations; zero, or an absent one, is none."""
    wanted = fields.duration("rotation_period", message, _MAX_ROTATION)
    if timedelta(0) < wanted < _MIN_ROTATION:
        fields.note("rotation_period", "Must be zero, or at least 3600 seconds.")
    return wanted


def _end(fields: Fields, message: pb.UpdateKeyRequest) -> datetime | None:
    """Check when a grace is to end; ``None`` for at once."""
    if not message.HasField("grace_end_time"):
        return None
    end = moment(message.grace_end_time)
    if end is None:
        fields.note("grace_end_time", "Must be a time of the calendar.")
    return end
