"""A key as people read it."""

from __future__ import annotations

from signward.cli.durations import write_duration
from signward.cli.names import name_of
from signward.cli.output import Output
from signward.v1 import resources_pb2 as resources

__all__ = ["show_key"]


def show_key(output: Output, key: resources.Key) -> None:
    """Print a key, as JSON or as names and values."""
    if output.as_json:
        output.json(key)
        return
    rows = {
        "id": key.id,
        "algorithm": name_of(resources.Algorithm.DESCRIPTOR, key.algorithm),
        "purpose": name_of(resources.Purpose.DESCRIPTOR, key.purpose),
        "custody": name_of(resources.Custody.DESCRIPTOR, key.custody),
        "state": name_of(resources.KeyState.DESCRIPTOR, key.state),
        "freeze": _freeze(key),
        "owner": key.owner,
        "user id": key.user_id,
        "labels": ", ".join(f"{name}={value}" for name, value in sorted(key.labels.items())),
        "network": key.network,
        "unlock ttl": _unlock_ttl(key),
        "grace period": write_duration(key.grace_period.ToTimedelta()),
        "allows digests": "yes" if key.allow_digest else "",
        "created": key.create_time.ToJsonString() if key.HasField("create_time") else "",
        "etag": key.etag,
    }
    for version in key.versions:
        state = name_of(resources.KeyVersionState.DESCRIPTOR, version.state)
        rows[f"version {version.version}"] = f"{state}, {version.public_key.raw.hex()}"
    output.pairs(rows)


def _freeze(key: resources.Key) -> str:
    """Return what is stopped, empty if nothing is."""
    if key.freeze == resources.FREEZE_NONE:
        return ""
    return name_of(resources.Freeze.DESCRIPTOR, key.freeze or resources.FREEZE_ALL)


def _unlock_ttl(key: resources.Key) -> str:
    if not key.HasField("unlock_ttl"):
        return "the daemon's default"
    return write_duration(key.unlock_ttl.ToTimedelta())
