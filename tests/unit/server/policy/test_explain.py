from __future__ import annotations

import json

import pytest
from signward_server.core.errors import PayloadUnsupported
from signward_server.core.keys import KeyVersion
from signward_server.core.signing import Intent
from signward_server.policy.explain import Explanation, explain
from signward_server.policy.question import Asker, Question

from tests.fakes.catalogue_keys import catalogue_key
from tests.fakes.clock import FakeClock
from tests.unit.server.policy.desk import (
    BOT,
    CALLER,
    GROUPS,
    KEY,
    STRANGER,
    VERSION,
    compiled,
    order,
    with_api_key,
)

TRADES = (
    '@id("trades") permit(principal in Group::"bots", action in Action::"SignTrade", resource)'
    " when {context.order.notional < 100};"
)
VIEWS = '@id("views") permit(principal, action == Action::"ViewKey", resource);'
OFF = (
    '@id("off") forbid(principal, action in [Action::"ViewKey", Action::"DisableKey"], resource)'
    ' when {resource.hasTag("off")};'
)
ADMINS = '@id("admins") permit(principal, action == Action::"DisableKey", resource);'


def explained(question: Question, **options: object) -> Explanation:
    policies = compiled(TRADES, VIEWS, OFF, ADMINS, **options)
    return explain(policies, GROUPS, question, FakeClock())


def asked(intent: Intent, caller: Asker = CALLER, version: KeyVersion = VERSION) -> Question:
    return Question(caller, intent.action, KEY, version, intent)


def test_an_allowed_question() -> None:
    answer = explained(asked(order(notional=99)))
    assert answer.allowed
    assert answer.policies == answer.in_scope == ("trades",)
    assert answer.reads == ("order.notional",)
    assert not answer.cacheable
    assert answer.errors == ()
    assert answer.reason == "allowed by the policies that decided"


def test_a_denied_question() -> None:
    answer = explained(asked(order(notional=100)))
    assert not answer.allowed
    assert answer.policies == ()
    assert answer.in_scope == ("trades",)
    assert answer.reason == "denied, since no policy permits it"


def test_a_forbidden_question() -> None:
    answer = explained(Question(CALLER, "ViewKey", catalogue_key("hot", labels={"off": ""})))
    assert not answer.allowed
    assert answer.policies == ("off",)
    assert answer.in_scope == ("views", "off")
    assert answer.cacheable
    assert answer.reason == "forbidden by the policies that decided"


def test_s03_an_api_key_that_does_not_suffice() -> None:
    question = Question(with_api_key(), "DisableKey", KEY)
    answer = explained(question)
    assert not answer.allowed
    assert answer.unvouched
    assert answer.policies == ("admins",)
    assert "context.authentication" in answer.reason
    assert explained(Question(CALLER, "DisableKey", KEY)).allowed


def test_everything_that_cedar_saw_is_told() -> None:
    caller = Asker(BOT, address="10.0.0.1")
    question = Question(caller, "SignOrder", KEY, VERSION, order(), {"day": 5})
    answer = explained(question, windows=["day"])
    assert answer.request == {
        "principal": {"type": "Identity", "id": "cn:bot"},
        "action": {"type": "Action", "id": "SignOrder"},
        "resource": {"type": "Key", "id": "hot"},
    }
    assert answer.context == {
        "authentication": "certificate",
        "address": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}},
        "time": {"__extn": {"fn": "datetime", "arg": "2026-01-01T00:00:00.000Z"}},
        "version": {"number": 1, "state": "primary"},
        "order": dict(order().fields),
        "window": {"day": 5},
    }
    bot, key = answer.entities
    assert bot["parents"] == [{"type": "Group", "id": "bots"}]
    assert key["tags"] == {"desk": "fx", "app": "maker"}
    json.dumps([answer.request, answer.context, answer.entities])


def test_a_question_for_the_server() -> None:
    answer = explained(Question(CALLER, "ListKeys", None))
    assert answer.request["resource"] == {"type": "Server", "id": "signward"}
    assert [entity["uid"] for entity in answer.entities] == [
        {"type": "Identity", "id": "cn:bot"},
        {"type": "Server", "id": "signward"},
    ]


def test_s10_the_entities_are_those_of_the_question() -> None:
    answer = explained(asked(order(), Asker(STRANGER)))
    assert [entity["uid"] for entity in answer.entities] == [
        {"type": "Identity", "id": "dns:bot"},
        {"type": "Key", "id": "hot"},
        {"type": "Identity", "id": "cn:bot"},  # the owner
    ]


@pytest.mark.parametrize(
    ("question", "error"),
    [
        (Question(CALLER, "Nope", KEY), "there is no such action"),
        (Question(CALLER, "ViewKey", None), "another kind of resource"),
        (Question(CALLER, "SignOrder", KEY, None, order()), "no version"),
        (Question(CALLER, "SignOrder", KEY, VERSION), "no Intent"),
        (Question(Asker(BOT, address="x"), "ViewKey", KEY), "address"),
        (Question(CALLER, "ViewKey", catalogue_key("hot", labels={"a": "\ud800"})), ""),
    ],
)
def test_a_question_that_does_not_fit_is_denied(question: Question, error: str) -> None:
    answer = explained(question)
    assert not answer.allowed
    assert not answer.cacheable
    (text,) = answer.errors
    assert error in text
    assert answer.reason == "denied, since a policy could not be evaluated"


def test_s05_an_error_is_told_in_cedars_words() -> None:
    overflow = "forbid(principal, action, resource) when {9223372036854775807 + 1 > 0};"
    policies = compiled(VIEWS, overflow)
    answer = explain(policies, GROUPS, Question(CALLER, "ViewKey", KEY), FakeClock())
    assert not answer.allowed
    assert "overflow" in answer.errors[0]
    assert "p1.cedar#1" in answer.errors[0]


def test_s06_a_number_beyond_a_long_is_unsupported() -> None:
    with pytest.raises(PayloadUnsupported):
        explained(asked(order(sz=2**63)))
