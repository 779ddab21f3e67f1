"""Which policies a question is about, and what they read: told as Cedar evaluates them."""

from __future__ import annotations

import pytest
from signward_server.core.identity import Identity, IdentityKind
from signward_server.policy.groups import Groups
from signward_server.policy.question import Asker, Question
from signward_server.policy.reads import EVERYTHING, context_reads, joined
from signward_server.policy.relevance import Relevant, relevant
from signward_server.policy.scope import Place, scope_of

from tests.unit.server.policy.desk import BOT, CALLER, GROUPS, KEY, VERSION, compiled, order

_ORDER = Question(CALLER, "SignOrder", KEY, VERSION, order())


def judged(text: str, question: Question = _ORDER) -> Relevant:
    policies = compiled(text)
    return relevant(policies, GROUPS, policies.kind(question.action), question)


@pytest.mark.parametrize(
    ("scope", "matches"),
    [
        ("principal, action, resource", True),
        ('principal == Identity::"cn:bot", action, resource', True),
        ('principal == Identity::"dns:bot", action, resource', False),
        ('principal in Identity::"cn:bot", action, resource', True),
        ('principal in Group::"bots", action, resource', True),
        ('principal in Group::"admins", action, resource', False),
        ("principal is Identity, action, resource", True),
        ('principal is Identity in Group::"bots", action, resource', True),
        ('principal is Identity in Group::"admins", action, resource', False),
        ('principal, action == Action::"SignOrder", resource', True),
        ('principal, action == Action::"GetKey", resource', False),
        ('principal, action in Action::"SignTrade", resource', True),
        ('principal, action in Action::"SignMessage", resource', False),
        ('principal, action in Action::"SignOrder", resource', True),
        ('principal, action in [Action::"SignMessage", Action::"SignTrade"], resource', True),
        ('principal, action in [Action::"SignMessage", Action::"GetKey"], resource', False),
        ('principal, action, resource == Key::"hot"', True),
        ('principal, action, resource == Key::"cold"', False),
        ('principal, action, resource in Key::"hot"', True),
        ("principal, action, resource is Key", True),
        ("principal, action, resource is Server", False),
        ('principal, action, resource is Key in Key::"hot"', True),
        ('principal, action, resource is Key in Key::"cold"', False),
    ],
)
def test_scope(scope: str, matches: bool) -> None:
    assert bool(judged(f"permit({scope});").policies) is matches


def test_scope_of_the_server() -> None:
    question = Question(CALLER, "ListKeys", None)
    assert judged('permit(principal, action, resource == Server::"signward");', question).ids
    assert judged("permit(principal, action, resource is Server);", question).ids
    assert not judged('permit(principal, action, resource == Key::"hot");', question).ids


@pytest.mark.parametrize(
    "part",
    [
        None,
        {},
        {"op": "=="},
        {"op": "==", "slot": "?principal"},
        {"op": "==", "entity": {"type": "Key"}},
        {"op": "in", "entity": {"type": "Key", "id": "x", "more": 1}},
        {"op": "in", "entities": [{"type": "Key", "id": "x"}, {"slot": "?resource"}]},
        {"op": "in", "entity": {"type": "Key", "id": "x"}, "unless": "moon"},
        {"op": "is", "entity_type": "Server", "in": {"slot": "?resource"}},
        {"op": "is", "entity_type": ["Server"]},
        {"op": "near", "entity": {"type": "Key", "id": "x"}},
        "nonsense",
    ],
)
def test_a_scope_that_is_not_recognised_matches(part: object) -> None:
    scope = scope_of({"principal": part, "action": part, "resource": part})
    here = Place.of(("Key", "hot"))
    assert scope.matches_action(here)
    assert scope.matches(here, here)


@pytest.mark.parametrize(
    ("condition", "reads"),
    [
        ('resource.hasTag("context")', set()),
        ('principal.name == "context"', set()),
        ('{context: "context"} == {context: "x"}', set()),
        ('context.authentication == "certificate"', {"authentication"}),
        ('context["authentication"] == "certificate"', {"authentication"}),
        ("context has address", {"address"}),
        ("context.order.sz < 5 || context.order.is_buy", {"order.sz", "order.is_buy"}),
        ("context.order has sz", {"order.sz"}),
        ("context.order has else_where", {"order.else_where"}),
        ("context has order.sz", {"order", "order.sz"}),
        ("context.order == context.order", {"order"}),
        ("[context.order.sz].contains(5)", {"order.sz"}),
        ("if context.version.number > 1 then true else false", {"version.number"}),
        ('context.time.offset(duration("1h")) > context.time', {"time"}),
        ('context.order.coin like "B*" && !(context.version.state == "grace")', {
            "order.coin", "version.state",
        }),
        ("{a: context.order.sz}.a == 1", {"order.sz"}),
        ("[1].contains(-context.order.sz)", {"order.sz"}),
    ],
)  # fmt: skip
def test_reads(condition: str, reads: set[str]) -> None:
    scope = 'principal, action == Action::"SignOrder", resource'
    assert judged(f"permit({scope}) when {{{condition}}};").reads == reads
    assert judged(f"permit({scope}) unless {{{condition}}};").reads == reads


@pytest.mark.parametrize(
    "node",
    [
        {"Var": "context"},
        {"==": {"left": {"Var": "context"}, "right": {"Var": "context"}}},
        {"Set": [{"Var": "context"}]},
        {"Record": {"a": {"Var": "context"}}},
        {".": {"left": {"Var": "context"}, "attr": "a.b"}},
        {".": {"left": {"Var": "context"}, "attr": 1}},
        {".": {"left": {"Var": "context"}, "attr": "a", "more": 1}},
        {"?.": {"left": {"Var": "context"}, "attr": "a"}},
        {"getTag": {"left": {"Var": "context"}, "right": {"Value": "a"}}},
    ],
)
def test_a_use_that_is_not_recognised_reads_everything(node: object) -> None:
    assert context_reads([{"kind": "when", "body": node}]) == EVERYTHING
    assert joined([frozenset({"time"}), context_reads(node)]) == EVERYTHING


def test_fields_of_fields_count_as_the_field() -> None:
    third = {".": {"left": {"Var": "context"}, "attr": "a"}}
    third = {".": {"left": third, "attr": "b"}}
    third = {"has": {"left": third, "attr": "c"}}
    assert context_reads(third) == {"a.b"}


@pytest.mark.parametrize(
    ("condition", "final"),
    [
        ("resource.owner == principal", True),
        ('context.authentication == "certificate"', True),
        ('context.version.number == 1 && context.version.state == "primary"', True),
        ("context has address", False),
        ('context.time > datetime("2020-01-01")', False),
        ("context.order.sz < 5", False),
    ],
)
def test_s09_only_what_cannot_change_is_final(condition: str, final: bool) -> None:
    scope = 'principal, action == Action::"SignOrder", resource'
    assert judged(f"permit({scope}) when {{{condition}}};").final is final


def test_policies_out_of_scope_do_not_count() -> None:
    found = judged(
        "permit(principal, action, resource);"
        'forbid(principal in Group::"admins", action, resource) when {context has address};'
        'forbid(principal, action == Action::"SignRaw", resource) when {context.raw.size > 5};'
        'forbid(principal, action, resource == Key::"cold") when {context has address};'
    )
    assert found.ids == ("p0.cedar#1",)
    assert found.final


def test_groups_are_those_of_the_typed_identity() -> None:
    groups = Groups({"b": [BOT], "a": [BOT, BOT], "none": []})
    assert groups.of("cn:bot") == ("a", "b")
    assert groups.of("dns:bot") == groups.of("bot") == ()
    assert groups.names == {"a", "b", "none"}


def test_version_of_groups_is_that_of_their_content() -> None:
    other = Identity(IdentityKind.CN, "other")
    version = Groups({"a": [BOT, other], "b": []}).version
    assert version == Groups({"b": [], "a": [other, BOT]}).version
    assert len({version, Groups({"a": [BOT, other]}).version, Groups({}).version}) == 3


def test_an_identity_of_another_kind_is_another_principal() -> None:
    policies = compiled('permit(principal == Identity::"cn:bot", action, resource);')
    stranger = Question(Asker(Identity(IdentityKind.API_KEY, "bot")), "GetKey", KEY)
    assert not relevant(policies, GROUPS, policies.kind("GetKey"), stranger).policies
