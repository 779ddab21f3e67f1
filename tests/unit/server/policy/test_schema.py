from __future__ import annotations

import cedarpy
import pytest
from signward_server.core.actions import ActionGroup, ActionKind, FieldType, Resource
from signward_server.policy.schema import schema_text

from tests.unit.server.policy.desk import KINDS, problems, windowed


def test_schema_is_what_cedar_takes() -> None:
    text = schema_text(windowed(KINDS, ["day", "hour"]))
    assert "action SignOrder in [SignTrade] appliesTo" in text
    assert 'window: {"day": Long, "hour": Long}' in text
    cedarpy.Schema.from_str(text)


def test_schema_does_not_depend_on_the_order_of_actions() -> None:
    assert schema_text(KINDS) == schema_text(reversed(KINDS))


@pytest.mark.parametrize("group", list(ActionGroup))
def test_groups_of_actions_are_there_even_if_nothing_is_in_them(group: ActionGroup) -> None:
    kinds = [ActionKind(name="SignX", groups=frozenset({group}), record="x")]
    assert all(f"action {other.value};" in schema_text(kinds) for other in ActionGroup)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_action_can_be_named(kind: ActionKind) -> None:
    named = f'permit(principal, action == Action::"{kind.name}", resource is {kind.resource});'
    assert problems(named) == ()
    other = "Server" if kind.resource is Resource.KEY else "Key"
    assert problems(named.replace(f"is {kind.resource}", f"is {other}"))


@pytest.mark.parametrize(
    "condition",
    [
        'resource.owner == principal && principal.kind == "cn" && principal.name like "b*"',
        'resource.purpose == "raw" && resource.custody == "envelope"',
        'resource.algorithm == "ed25519" && resource.network == "" && !resource.allow_digest',
        'resource.state == "enabled" && resource.freeze == "none" && resource.user_id == ""',
        'resource.version_state == "primary" && resource.id == "hot"',
        'resource.hasTag("desk") && resource.getTag("desk") == "fx"',
        'context.authentication == "certificate"',
        'context has address && context.address.isInRange(ip("10.0.0.0/8"))',
        'context.time < datetime("2030-01-01")',
        'context.version.number == 1 && context.version.state == "primary"',
        'context.order.coin == "BTC" && context.order.is_buy && context.order.notional < 5',
        "context.window.day < 100",
    ],
)
def test_conditions_can_read_everything_that_is_described(condition: str) -> None:
    policy = f'permit(principal, action == Action::"SignOrder", resource) when {{{condition}}};'
    assert problems(policy, windows=["day"]) == ()


def test_s15_what_somebody_may_approve_is_restricted_and_signed() -> None:
    policy = 'permit(principal, action == Action::"{}", resource) when {{context.approved}};'
    assert problems(policy.format("SignRawDigest")) == ()
    for action in ("SignRaw", "SignOrder", "FreezeKey", "Reload"):
        assert problems(policy.format(action))
    assert schema_text(KINDS).count("approved: Bool") == 1


@pytest.mark.parametrize("name", ["", "a b", 'x"', "1x", "x" * 65, "é"])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name for policies"):
        schema_text(windowed(KINDS, [name]))
    with pytest.raises(ValueError, match="not a name for policies"):
        schema_text([ActionKind(name="X", record="x", fields={name: FieldType.TEXT})])


def test_two_actions_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        schema_text([ActionKind(name="SignTrade")])
    with pytest.raises(ValueError, match="one name"):
        schema_text([ActionKind(name="X"), ActionKind(name="X", restricted=True)])
