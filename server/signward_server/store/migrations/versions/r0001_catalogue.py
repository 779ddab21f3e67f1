"""Keys, their versions and material, request ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the first release."""
    _meta()
    _keys()
    _key_versions()
    _materials()
    _requests()


def _meta() -> None:
    meta = op.create_table(
        "meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.bulk_insert(meta, [{"name": "probe", "value": "0"}])


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("algorithm", sa.Integer, nullable=False),
        sa.Column("custody", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Integer, nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("allow_digest", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("freeze", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("unlock_ttl", sa.BigInteger, nullable=True),
        sa.Column("grace_period", sa.BigInteger, nullable=False),
        sa.Column("primary_version", sa.Integer, nullable=False),
        sa.Column("create_time", sa.BigInteger, nullable=False),
        sa.Column("update_time", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )


def _key_versions() -> None:
    op.create_table(
        "key_versions",
        sa.Column("key_id", sa.Text, sa.ForeignKey("keys.id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("backend_ref", sa.Text, nullable=False),
        sa.Column("create_time", sa.BigInteger, nullable=False),
        sa.Column("grace_end_time", sa.BigInteger, nullable=True),
        sa.Column("destroy_time", sa.BigInteger, nullable=True),
        sa.Column("forgotten", sa.SmallInteger, nullable=False),
    )
    op.create_index("key_versions_fingerprint", "key_versions", ["fingerprint"], unique=True)


def _materials() -> None:
    op.create_table(
        "materials",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id", "version"], ["key_versions.key_id", "key_versions.version"]
        ),
    )


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("scope", sa.LargeBinary, primary_key=True),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("claim_time", sa.BigInteger, nullable=True),
        sa.Column("key_id", sa.Text, sa.ForeignKey("keys.id", ondelete="CASCADE"), nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_index("requests_claim_time", "requests", ["claim_time", "identity"])
