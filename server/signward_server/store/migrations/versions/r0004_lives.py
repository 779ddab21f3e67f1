"""Lives of versions, imports, and daemons that share a store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what rotation, import and several workers need; no row loses its MAC."""
    _add_number("keys", "rotation_period")
    for table in ("keys", "api_keys"):
        _add_number(table, "changed")
        op.create_index(f"{table}_changed", table, ["changed"])
    op.add_column("requests", sa.Column("previous", sa.Integer, nullable=True))
    op.create_table(
        "imports",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("scope", sa.LargeBinary, nullable=True, unique=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("expire_time", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "peers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("known", sa.BigInteger, nullable=False),
        sa.Column("lease", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "homes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    meta = sa.table("meta", sa.column("name", sa.Text), sa.column("value", sa.Text))
    op.bulk_insert(meta, [{"name": "time", "value": "0"}])


def _add_number(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
