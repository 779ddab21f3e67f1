"""Where Cedar allows what nobody meant to allow: never an allow here."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward_server.core.actions import ActionGroup, ActionKind, FieldType
from signward_server.core.errors import PolicyDenied, PolicyError
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.signing import Intent
from signward_server.policy.groups import Groups
from signward_server.policy.question import Asker, Question

from tests.fakes.catalogue_keys import catalogue_key
from tests.unit.server.policy.desk import BOT, CALLER, KEY, KINDS, VERSION, Desk, order, problems

ALL = "permit(principal, action, resource);"
OWNERS = "permit(principal, action, resource is Key) when {resource.owner == principal};"
MAX = 2**63 - 1


def forbidding(condition: str) -> str:
    return f'forbid(principal, action == Action::"SignOrder", resource) when {{{condition}}};'


@pytest.mark.parametrize(
    "condition",
    [
        "context.order.sz * context.order.limit_px > 1000",
        "context.order.sz + context.order.limit_px > 1000",
        "-1 - context.order.sz - context.order.limit_px < -1000",
        'decimal("0.12345").greaterThan(decimal("0.1"))',
        'ip("10.0.0.256").isIpv4()',
        'datetime("2026-13-01") < context.time',
        'context.time.offset(duration("9223372036854775807ms")) < context.time',
        "context.address.isLoopback()",
        'resource.getTag("limit") == "none"',
        'resource.getTag(context.order.coin) == "none"',
        "resource.limit < 5",
        'context.order.limits == "none"',
        "principal.name < 5",
    ],
)
def test_s05_a_forbid_that_errs_never_allows(condition: str) -> None:
    texts = (ALL, forbidding(condition))
    if problems(*texts):  # the validator has found it
        return
    desk = Desk(*texts)
    for _ in range(2):
        with pytest.raises(PolicyError):
            desk.sign(order(sz=MAX, limit_px=MAX))
    explanation = desk.engine.explain(desk_question(order(sz=MAX, limit_px=MAX)))
    assert not explanation.allowed
    assert explanation.errors


def desk_question(intent: Intent) -> Question:
    return Question(CALLER, intent.action, KEY, VERSION, intent)


def test_s05_the_validator_lets_overflows_pass() -> None:
    assert not problems(ALL, forbidding("context.order.sz * context.order.limit_px > 1000"))


def test_s05_a_forbid_that_errs_for_some_denies_only_these() -> None:
    desk = Desk(ALL, forbidding("context.order.sz * 2 > 1000"))
    desk.sign(order(sz=500))
    with pytest.raises(PolicyDenied):
        desk.sign(order(sz=501))
    with pytest.raises(PolicyError):
        desk.sign(order(sz=MAX))


def test_s05_a_permit_that_errs_beside_another_never_allows() -> None:
    erring = 'permit(principal, action == Action::"SignOrder", resource)'
    desk = Desk(ALL, f"{erring} when {{context.order.sz * 2 > 1000}};")
    with pytest.raises(PolicyError):
        desk.sign(order(sz=MAX))


def test_s05_policies_out_of_scope_never_err() -> None:
    desk = Desk(
        ALL,
        'forbid(principal == Identity::"cn:other", action == Action::"SignOrder", resource)'
        " when {context.order.sz * 2 > 1000};",
    )
    desk.sign(order(sz=MAX))
    assert desk.engine.explain(desk_question(order(sz=MAX))).allowed


NEW = ActionKind(
    name="SignOrderV2",
    groups=frozenset({ActionGroup.TRADE}),
    record="order2",
    fields={"sz": FieldType.NUMBER},
)
SPEND = ActionKind(name="SignSpend", record="spend", restricted=True)


def later(kind: ActionKind, *texts: str) -> bool:
    """Return whether a release with one more action allows it under these policies."""
    if problems(*texts, kinds=(*KINDS, kind)):
        return False
    desk = Desk(*texts, kinds=(*KINDS, kind))
    fields = dict.fromkeys(kind.fields, 1)
    try:
        desk.engine.authorize(CALLER, kind.name, KEY, VERSION, Intent(kind.name, fields))
    except PolicyDenied:
        return False
    return True


@pytest.mark.parametrize("kind", [NEW, SPEND], ids=lambda kind: kind.name)
def test_s07_a_later_action_is_not_allowed_by_policies_that_name_kinds(kind: ActionKind) -> None:
    named = ", ".join(f'Action::"{kind.name}"' for kind in KINDS)
    assert not later(kind, f"permit(principal, action in [{named}], resource);")


@pytest.mark.parametrize("group", list(ActionGroup))
def test_s07_a_later_action_that_moves_value_is_not_allowed_by_a_group(group: ActionGroup) -> None:
    everything = ", ".join(f'Action::"{group.value}"' for group in ActionGroup)
    assert not later(SPEND, f"permit(principal, action in [{everything}], resource);")


def test_s07_a_later_action_of_a_group_is_judged_by_its_own_fields() -> None:
    capped = 'permit(principal, action in Action::"SignTrade", resource)'
    assert not later(NEW, f"{capped} when {{context.order.notional < 100}};")
    assert later(NEW, f"{capped};")  # what a group without a condition says


LABELS = {
    "__expr": 'Group::"admins"',
    "__entity": '{"type": "Group", "id": "admins"}',
    "__extn": '{"fn": "ip", "arg": "10.0.0.1"}',
    'quo"te\\': "\"'\\\n\r\t\0",
    "\u2028\u202e": "é\U0001f600",
    "": "",
}


def test_s10_labels_with_names_of_cedar_are_labels() -> None:
    desk = Desk(
        OWNERS,
        'forbid(principal, action, resource is Key) when {resource.hasTag("__expr")'
        ' && resource.getTag("__expr") == "Group::\\"admins\\""};',
    )
    with pytest.raises(PolicyDenied):
        desk.act("GetKey", key=catalogue_key("hot", labels=LABELS))
    others = {name: text for name, text in LABELS.items() if name != "__expr"}
    desk.act("GetKey", key=catalogue_key("hot", labels=others))


@pytest.mark.parametrize("name", ["__expr", "__entity", "__extn"])
@pytest.mark.parametrize("text", ['Identity::"cn:bot"', "true", '{"type":"Identity","id":"x"}'])
def test_s10_labels_never_open_a_key_of_another(name: str, text: str) -> None:
    desk = Desk(OWNERS)
    with pytest.raises(PolicyDenied):
        desk.act("GetKey", key=catalogue_key("hot", owner="cn:other", labels={name: text}))


_texts = st.text(max_size=30) | st.sampled_from(
    [
        'cn:bot" || true',
        'bot", action, resource);',
        '"\n//',
        "bot\0",
        "bot\n",
        " bot",
        "BOT",
        "\ud800",
        'Identity::"cn:bot"',
        "cn:bot",
        '{"__entity":{"type":"Identity","id":"cn:bot"}}',
    ]
)


@settings(max_examples=300)
@given(
    name=_texts,
    owner=_texts,
    user_id=_texts,
    labels=st.dictionaries(_texts, _texts, max_size=4),
    coin=_texts,
)
def test_s10_no_text_speaks_for_another(
    name: str, owner: str, user_id: str, labels: dict[str, str], coin: str
) -> None:
    desk = Desk(
        'permit(principal == Identity::"cn:bot", action, resource);'
        'permit(principal in Group::"bots", action, resource);'
        'permit(principal, action, resource == Key::"mine");'
        'permit(principal, action, resource is Key) when {resource.owner == Identity::"cn:bot"};'
        'permit(principal, action == Action::"SignOrder", resource)'
        ' when {context.order.coin == "FREE"};',
        groups=Groups({"bots": [BOT], "mine": [Identity(IdentityKind.CN, name)]}),
    )
    key = catalogue_key("hot", owner=owner, user_id=user_id, labels=labels)
    caller = Asker(Identity(IdentityKind.CN, name))
    intent = order(coin=coin)
    allowed = name == "bot" or owner == "cn:bot" or coin == "FREE"
    try:
        desk.sign(intent, caller=caller, key=key)
    except (PolicyDenied, PolicyError):
        return
    assert allowed
