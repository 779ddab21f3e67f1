"""A folder with a small set of policies and a table."""

from __future__ import annotations

from pathlib import Path

import pytest

POLICIES = """\
@id("owners-sign")
permit (
  principal,
  action in [Action::"ViewKey", Action::"GetPublicKey", Action::"SignRaw", Action::"SignOrder"],
  resource
)
when { resource.owner == principal };

@id("ops-stop")
permit (
  principal in Group::"ops",
  action in [Action::"ViewKey", Action::"FreezeKey", Action::"CreateKey"],
  resource
);

@id("ops-reload")
permit (principal in Group::"ops", action == Action::"Reload", resource);

@id("no-doge")
forbid (principal, action == Action::"SignOrder", resource)
when { context.order.coin == "DOGE" || context.order.sz * 1000000 < 0 };
"""

TABLE = """\
groups:
  ops: [cn:alice]
keys:
  k1: {owner: cn:bot, purpose: order, labels: {desk: "a b"}}
  k2: {owner: cn:bot, purpose: raw, state: disabled}
cases:
  - name: the owner signs
    identity: cn:bot
    key: k1
    payload: {order: {action: order, coin: BTC, isBuy: true, sz: 1, limitPx: 2}}
    expect: allow
    by: [owners-sign]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the policies and the table above."""
    path = tmp_path / "policies"
    path.mkdir(mode=0o700)
    (path / "a.cedar").write_text(POLICIES)
    (path / "a.test.yaml").write_text(TABLE)
    return path
