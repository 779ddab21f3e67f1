"""Nonces, spending, approvals, agents, and vaults that keys are pinned to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what trading on an exchange needs; no row loses its MAC."""
    op.add_column("keys", sa.Column("vault_address", sa.Text, nullable=False, server_default=""))
    op.add_column("requests", sa.Column("nonce", sa.BigInteger, nullable=True))
    op.add_column("requests", sa.Column("mac", sa.LargeBinary, nullable=True))
    _add_nonces()
    op.create_table(
        "spending",
        sa.Column("scope", sa.LargeBinary, primary_key=True),
        sa.Column("spent", sa.LargeBinary, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "approvals",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("approver", sa.Text, nullable=False),
        sa.Column("expire_time", sa.BigInteger, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    _add_agents()


def _add_nonces() -> None:
    op.create_table(
        "nonce_lanes",
        sa.Column("lane", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("horizon", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "nonce_floors",
        sa.Column("signer", sa.LargeBinary, primary_key=True),
        sa.Column("floor", sa.BigInteger, nullable=False),
    )


def _add_agents() -> None:
    op.create_table(
        "agents",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("agent_key", sa.Text, nullable=False),
        sa.Column("agent_version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("approve_time", sa.BigInteger, nullable=False),
        sa.Column("expire_time", sa.BigInteger, nullable=True),
        sa.Column("end_time", sa.BigInteger, nullable=True),
        sa.Column("scope", sa.LargeBinary, nullable=True, unique=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_index("agents_key", "agents", ["key_id", "approve_time"])
    op.create_index("agents_changed", "agents", ["changed"])
