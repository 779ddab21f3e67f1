"""API keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of API keys."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("create_time", sa.BigInteger, nullable=False),
        sa.Column("expire_time", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("address_ranges", sa.Text, nullable=False),
        sa.Column("imported", sa.SmallInteger, nullable=False),
        sa.Column("revoke_time", sa.BigInteger, nullable=True),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_index("api_keys_digest", "api_keys", ["digest"], unique=True)
