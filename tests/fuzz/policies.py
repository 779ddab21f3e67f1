"""Policy files, and the tables that test them (S5, S10)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import cedarpy
from signward_server.cli.policy.tables.reading import parse_table
from signward_server.config import ConfigurationError
from signward_server.home import starter_policies
from signward_server.home.policies import all_kinds
from signward_server.policy.compiled import PoliciesRefused, PolicySource, compile_policies

from tests.fuzz.target import Target, explained

__all__ = ["TARGETS"]

_STARTER = Path(str(starter_policies.__file__)).parent / "starter"
_LARGEST: Final = 16 * 2**10  # more takes long, and says no more


def cedar(data: bytes) -> None:
    """Compile a file: what we accept Cedar accepts, with as many policies in it."""
    text = data[:_LARGEST].decode("utf-8", "replace")
    try:
        policies = compile_policies([PolicySource("a.cedar", text)], all_kinds())
    except PoliciesRefused as refused:
        explained(refused.problems)
        return
    parsed = json.loads(cedarpy.policies_to_json_str(text))
    assert not parsed["templates"]
    assert len(parsed["staticPolicies"]) == len(policies.policies)
    effects = sorted(policy["effect"] for policy in parsed["staticPolicies"].values())
    ours = ("permit" if policy.permits else "forbid" for policy in policies.policies.values())
    assert effects == sorted(ours)


def table(data: bytes) -> None:
    """Read a table of cases."""
    text = data[:_LARGEST].decode("utf-8", "replace")
    try:
        found = parse_table(Path("/policies/a.test.yaml"), text)
    except ConfigurationError as refused:
        explained(refused.problems)
        return
    assert found.table.cases
    assert len(found.lines) == len(found.table.cases)
    assert all(1 <= line <= text.count("\n") + text.count("\r") + 1 for line in found.lines)


_MORE: Final = (
    (
        b'permit (principal == Identity::"cn:bot", action in Action::"SignTrade", resource)\n'
        b'when { context.intent.size_e8 < 100000000 && resource.getTag("team") == "x" }\n'
        b'unless { context.peer_address.isInRange(ip("10.0.0.0/8")) };\n'
    ),
    b'@id("a") forbid (principal, action, resource) when { ["a", "b"].contains("a") };',
    b"permit (principal, action, resource); // ) \n forbid (principal, action, resource);",
)
TARGETS: Final = {
    "cedar": Target(cedar, ((_STARTER / "starter.cedar").read_bytes(), *_MORE)),
    "table": Target(table, ((_STARTER / "starter.test.yaml").read_bytes(), b"cases: []", b"{}")),
}
