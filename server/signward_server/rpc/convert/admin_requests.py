"""Requests of operators, checked for form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from signward.v1 import admin_service_pb2 as pb

from signward_server.core.address_ranges import networks_of
from signward_server.core.api_key_secrets import GRAMMAR, is_secret
from signward_server.core.identity import Identity
from signward_server.core.identity_names import identity_of
from signward_server.core.keys import Freeze
from signward_server.core.ports import ReloadPart
from signward_server.flows.api_key_changes import MakeApiKey
from signward_server.flows.key_requests import KeyFilter
from signward_server.rpc.convert.admin_messages import RELOAD_PARTS
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.times import moment

__all__ = [
    "api_key_id",
    "approval_digest",
    "approval_end",
    "freeze_mode",
    "identity",
    "make_api_key",
    "reload_parts",
    "target",
]

_MAX_LIFE = timedelta(days=3653)  # ten years, with all the leap days that they can have
_MAX_APPROVAL = timedelta(days=1)
_MAX_RANGES = 32
_DIGEST_SIZE = 32
_API_KEY_ID = re.compile(r"ak_[a-z0-9]{16}")
_IDENTITY = "Must be a typed identity such as 'cn:bot' or 'spiffe://prod.example/bot'."
_RELOADED: Mapping[int, ReloadPart] = {number: part for part, number in RELOAD_PARTS.items()}


def make_api_key(
    message: pb.CreateApiKeyRequest | pb.ImportApiKeyRequest, now: datetime
) -> MakeApiKey:
    """Convert the request for an API key, a new one or one that is brought along.

    Raises:
        FieldInvalid: Names each field at fault, and never says what a secret is.
    """
    fields = Fields()
    holder = identity(fields, message.identity)
    if not message.identity:
        fields.note("identity", _IDENTITY)
    expire_time = _expire_time(fields, message, now)
    ranges = _address_ranges(fields, message.address_ranges)
    secret = ""
    if isinstance(message, pb.ImportApiKeyRequest):
        secret = message.secret
        if not (secret.isascii() and is_secret(secret.encode())):
            fields.note("secret", f"Must be {GRAMMAR}")
    fields.check()
    if holder is None or expire_time is None:
        raise AssertionError("what is missing is noted")
    return MakeApiKey(
        identity=holder, expire_time=expire_time, address_ranges=ranges, secret=secret
    )


def identity(fields: Fields, text: str) -> Identity | None:
    """Check a typed identity, strictly (S1); ``None`` if it is empty or none."""
    found = identity_of(text)
    if text and found is None:
        fields.note("identity", _IDENTITY)
    return found


def api_key_id(fields: Fields, text: str) -> str:
    """Check the id of an API key."""
    if not _API_KEY_ID.fullmatch(text):
        fields.note("api_key_id", "Must be ak_ and 16 characters of a-z and 0-9.")
    return text


def target(fields: Fields, message: pb.FreezeKeyRequest | pb.UnfreezeKeyRequest) -> str | KeyFilter:
    """Check which keys are meant: one, or those with all of certain labels."""
    chosen = message.WhichOneof("target")
    if chosen == "key_id":
        return fields.key_id("key_id", message.key_id)
    labels = fields.labels("selector.labels", message.selector.labels)
    if chosen is None:
        fields.note("target", "Must name a key, or labels.")
    elif not message.selector.labels:
        fields.note("selector.labels", "Must have at least one label.")
    return KeyFilter(labels=labels)


def freeze_mode(fields: Fields, number: int) -> Freeze:
    """Check a mode that stops something."""
    if number not in (Freeze.CANCEL_ONLY, Freeze.ALL):
        fields.note("mode", "Must be one of CANCEL_ONLY, ALL.")
        return Freeze.ALL
    return Freeze(number)


def approval_digest(fields: Fields, digest: bytes) -> bytes:
    """Check what is to be approved."""
    if len(digest) != _DIGEST_SIZE:
        fields.note("digest", "Must be 32 bytes: the approval_digest of a refusal.")
    return digest


def approval_end(fields: Fields, message: pb.ApproveRequestRequest, now: datetime) -> datetime:
    """Check when an approval ends; now if it is none of the times that it may end at."""
    found = moment(message.expire_time) if message.HasField("expire_time") else None
    if found is None or not now < found <= now + _MAX_APPROVAL:
        fields.note("expire_time", "Must be later than now, and at most one day later.")
        return now
    return found


def reload_parts(fields: Fields, numbers: Iterable[int]) -> frozenset[ReloadPart]:
    """Check which parts are to be looked at again; none stands for all."""
    parts = {_RELOADED.get(number) for number in numbers}
    if None in parts:
        names = ", ".join(part.name for part in ReloadPart)
        fields.note("parts", f"Each must be one of {names}.")
    return frozenset(part for part in parts if part is not None)


def _expire_time(
    fields: Fields, message: pb.CreateApiKeyRequest | pb.ImportApiKeyRequest, now: datetime
) -> datetime | None:
    found = moment(message.expire_time) if message.HasField("expire_time") else None
    if found is None or not now < found <= now + _MAX_LIFE:
        fields.note("expire_time", "Must be later than now, and at most ten years later.")
    return found


def _address_ranges(fields: Fields, ranges: Iterable[str]) -> tuple[str, ...]:
    given = tuple(ranges)
    if len(given) > _MAX_RANGES:
        fields.note("address_ranges", "There may be at most 32 networks.")
        return ()
    try:
        return tuple(dict.fromkeys(map(str, networks_of(given))))
    except ValueError:
        fields.note(
            "address_ranges",
            "Each must be a network in CIDR form such as 10.1.0.0/16, with no bit set beyond "
            "the length of its prefix.",
        )
        return ()
