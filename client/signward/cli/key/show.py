"""A key as people read it."""

from __future__ import annotations

from signward.cli.durations import write_duration
from signward.cli.names import name_of
from signward.cli.output import Output
from signward.v1 import resources_pb2 as resources

__all__ = ["ends", "show_key", "show_version", "version_rows"]


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
        "vault": key.vault_address,
        "unlock ttl": _unlock_ttl(key),
        "grace period": write_duration(key.grace_period.ToTimedelta()),
        "rotation period": _rotation_period(key),
        "allows digests": "yes" if key.allow_digest else "",
        "created": key.create_time.ToJsonString() if key.HasField("create_time") else "",
        "etag": key.etag,
    }
    for version in key.versions:
        rows[f"version {version.version}"] = f"{_state(version)}, {_public_key(version)}"
    output.pairs(rows)


def show_version(output: Output, version: resources.KeyVersion) -> None:
    """Print a version, as JSON or as names and values."""
    if output.as_json:
        output.json(version)
    else:
        output.pairs(version_rows("version", version))


def version_rows(name: str, version: resources.KeyVersion) -> dict[str, str]:
    """Return names and values of a version, the first of them under a name."""
    rows = {
        name: f"{version.version}, {_state(version)}",
        "public key": version.public_key.raw.hex(),
        "fingerprint": version.public_key.fingerprint.hex(),
    }
    if version.public_key.ethereum_address:
        rows["address"] = version.public_key.ethereum_address
    return rows


def ends(version: resources.KeyVersion) -> str:
    """Return when a version stops signing, did so, or is destroyed; empty if never."""
    if version.HasField("destroy_time"):
        return version.destroy_time.ToJsonString()
    return version.grace_end_time.ToJsonString() if version.HasField("grace_end_time") else ""


def _state(version: resources.KeyVersion) -> str:
    state = name_of(resources.KeyVersionState.DESCRIPTOR, version.state)
    if version.state == resources.KEY_VERSION_STATE_GRACE:
        return f"{state} until {ends(version)}"
    if version.state == resources.KEY_VERSION_STATE_DESTROY_SCHEDULED:
        return f"{state} for {ends(version)}"
    return state


def _public_key(version: resources.KeyVersion) -> str:
    key = version.public_key
    return f"{key.raw.hex()}, {key.ethereum_address}" if key.ethereum_address else key.raw.hex()


def _rotation_period(key: resources.Key) -> str:
    """Return how often the daemon rotates it, empty if never."""
    period = key.rotation_period.ToTimedelta()
    return write_duration(period) if period else ""


def _freeze(key: resources.Key) -> str:
    """Return what is stopped, empty if nothing is."""
    if key.freeze == resources.FREEZE_NONE:
        return ""
    return name_of(resources.Freeze.DESCRIPTOR, key.freeze or resources.FREEZE_ALL)


def _unlock_ttl(key: resources.Key) -> str:
    if not key.HasField("unlock_ttl"):
        return "the daemon's default"
    return write_duration(key.unlock_ttl.ToTimedelta())
