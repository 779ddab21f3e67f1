"""The tables, as SQLAlchemy Core sees them (``docs/formats/store.md``).

The migrations build them; a test compares the two. Times and durations are whole
microseconds, times since the Unix epoch. Enums are the numbers of ``core.keys``,
flags are 0 or 1. ``changed`` is the version of the store at which a row changed last; it is
under no MAC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    SmallInteger,
    Table,
    Text,
    cast,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

__all__ = [
    "REVISION",
    "agents",
    "api_keys",
    "approvals",
    "as_stored",
    "homes",
    "imports",
    "key_versions",
    "keys",
    "materials",
    "meta",
    "metadata",
    "nonce_floors",
    "nonce_lanes",
    "peers",
    "requests",
    "spending",
    "stamp",
]

REVISION = "0005"
"""Revision of the migrations that these tables are at; four digits, rising."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("algorithm", Integer, nullable=False),
    Column("custody", Integer, nullable=False),
    Column("purpose", Integer, nullable=False),
    Column("network", Text, nullable=False),
    Column("allow_digest", SmallInteger, nullable=False),
    Column("state", Integer, nullable=False),
    Column("freeze", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("unlock_ttl", BigInteger, nullable=True),
    Column("grace_period", BigInteger, nullable=False),
    Column("primary_version", Integer, nullable=False),
    Column("create_time", BigInteger, nullable=False),
    Column("update_time", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("rotation_period", BigInteger, nullable=False, server_default="0"),
    Column("changed", BigInteger, nullable=False, server_default="0"),
    Column("vault_address", Text, nullable=False, server_default=""),
    Index("keys_changed", "changed"),
)

# A version that a key no longer lists stays as a tombstone (``forgotten``): its number and
# its public key are never used again (S16).
key_versions = Table(
    "key_versions",
    metadata,
    Column("key_id", Text, ForeignKey("keys.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", Integer, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("backend_ref", Text, nullable=False),
    Column("create_time", BigInteger, nullable=False),
    Column("grace_end_time", BigInteger, nullable=True),
    Column("destroy_time", BigInteger, nullable=True),
    Column("forgotten", SmallInteger, nullable=False),
    Index("key_versions_fingerprint", "fingerprint", unique=True),
)

materials = Table(
    "materials",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    ForeignKeyConstraint(["key_id", "version"], ["key_versions.key_id", "key_versions.version"]),
)

# A creation or rotation names its key and is kept as long as the key; anything else has a claim
# time and is forgotten when its retention is over. ``version`` is the version that a rotation
# made, ``previous`` the one that was primary before. ``nonce`` is that of a signature that has one;
# ``mac`` is there for all that has a claim time, but for what an older release has written.
requests = Table(
    "requests",
    metadata,
    Column("scope", LargeBinary, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("claim_time", BigInteger, nullable=True),
    Column("key_id", Text, ForeignKey("keys.id", ondelete="CASCADE"), nullable=True),
    Column("previous", Integer, nullable=True),
    Column("nonce", BigInteger, nullable=True),
    Column("mac", LargeBinary, nullable=True),
    Index("requests_claim_time", "claim_time", "identity"),
    sqlite_with_rowid=False,
)

# Keys are never deleted: a secret that was revoked is taken for good.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("create_time", BigInteger, nullable=False),
    Column("expire_time", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("address_ranges", Text, nullable=False),
    Column("imported", SmallInteger, nullable=False),
    Column("revoke_time", BigInteger, nullable=True),
    Column("mac", LargeBinary, nullable=False),
    Column("changed", BigInteger, nullable=False, server_default="0"),
    Index("api_keys_digest", "digest", unique=True),
    Index("api_keys_changed", "changed"),
)

# One row for each wrapping key that was not used yet; ``sealed`` is its private half.
imports = Table(
    "imports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("scope", LargeBinary, nullable=True, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("expire_time", BigInteger, nullable=False),
)

# One row for each process that keeps keys in memory: the version that it stands for, and for
# how long it acts on that without asking.
peers = Table(
    "peers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("known", BigInteger, nullable=False),
    Column("lease", BigInteger, nullable=False),
)

# One row for each home that serves from this store: how often it was started.
homes = Table(
    "homes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("generation", BigInteger, nullable=False),
)

# One row for each residue that nonces are taken from: who takes them, and below which
# millisecond all that it has taken lie.
nonce_lanes = Table(
    "nonce_lanes",
    metadata,
    Column("lane", Integer, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("horizon", BigInteger, nullable=False),
)

# The highest nonce that a caller chose, for each signer that one was chosen for.
nonce_floors = Table(
    "nonce_floors",
    metadata,
    Column("signer", LargeBinary, primary_key=True),
    Column("floor", BigInteger, nullable=False),
)

# One row for each thing that a cap counts: what was spent in which part of its window.
spending = Table(
    "spending",
    metadata,
    Column("scope", LargeBinary, primary_key=True),
    Column("spent", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

# Approvals that were not used yet.
approvals = Table(
    "approvals",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("approver", Text, nullable=False),
    Column("expire_time", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

# Agents are never deleted: an address that was approved once is known for good.
agents = Table(
    "agents",
    metadata,
    Column("address", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("agent_key", Text, nullable=False),
    Column("agent_version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("approve_time", BigInteger, nullable=False),
    Column("expire_time", BigInteger, nullable=True),
    Column("end_time", BigInteger, nullable=True),
    Column("scope", LargeBinary, nullable=True, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("changed", BigInteger, nullable=False, server_default="0"),
    Index("agents_key", "key_id", "approve_time"),
    Index("agents_changed", "changed"),
)


stamp = select(cast(meta.c.value, BigInteger)).where(meta.c.name == "version").scalar_subquery()
"""What ``changed`` is set to: the version that the transaction has raised."""


def as_stored(table: Table) -> Select[*tuple[Any, ...]]:
    """Return the query of all columns of a table, as they are.

    Without types: a value that does not fit its column must reach the decoder of its own
    row instead of failing the whole result.
    """
    return select(*(type_coerce(column, NullType()).label(column.name) for column in table.c))
