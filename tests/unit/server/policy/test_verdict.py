"""What Cedar's answers are worth."""

from __future__ import annotations

import cedarpy
import pytest
from signward_server.policy.verdict import Verdict, ask

ALL = '@id("all") permit(principal, action, resource);'
REQUEST = {
    "principal": {"type": "Identity", "id": "cn:bot"},
    "action": {"type": "Action", "id": "GetKey"},
    "resource": {"type": "Key", "id": "hot"},
}


def asked(
    text: str = ALL,
    request: dict[str, object] | None = None,
    context: dict[str, object] | None = None,
    vouching: set[str] | None = None,
) -> Verdict:
    policies = cedarpy.PolicySet.from_str(text)
    entities = cedarpy.Entities.from_json_str("[]")
    return ask(request or REQUEST, context or {}, policies, entities, vouching)


def test_allow() -> None:
    assert asked() == Verdict(allowed=True, policies=("policy0",))


def test_deny() -> None:
    assert asked("") == Verdict(allowed=False)
    forbidden = asked(ALL + "forbid(principal, action, resource);")
    assert forbidden == Verdict(allowed=False, policies=("policy1",))


@pytest.mark.parametrize(
    "condition", ["context.nothing == 1", "principal.name == 1", "9223372036854775807 + 1 > 0"]
)
def test_s05_an_allow_with_errors_is_none(condition: str) -> None:
    verdict = asked(f"{ALL} forbid(principal, action, resource) when {{{condition}}};")
    assert not verdict.allowed
    assert len(verdict.errors) == 1


@pytest.mark.parametrize(
    "context",
    [
        {"a": {"__extn": {"fn": "ip", "arg": "10.0.0.256"}}},
        {"a": {"__extn": {"fn": "nope", "arg": ""}}},
        {"a": {"__expr": "1 + 1"}},
        {"a": 1.5},
        {"a": 2**63},
        {"a": None},
        {"a": "\ud800"},
    ],
    ids=repr,
)
def test_s05_a_request_that_cannot_be_built_is_denied(context: dict[str, object]) -> None:
    verdict = asked(context=context)
    assert not verdict.allowed
    assert verdict.errors


@pytest.mark.parametrize(
    "request_",
    [
        {**REQUEST, "principal": {"type": "Identity", "id": "\ud800"}},
        {**REQUEST, "principal": {"type": "no type", "id": "x"}},
        {**REQUEST, "action": "no action"},
    ],
    ids=repr,
)
def test_s05_a_request_that_is_none_is_denied(request_: dict[str, object]) -> None:
    verdict = asked(request=request_)
    assert not verdict.allowed
    assert verdict.errors


def test_s03_an_allow_takes_one_of_the_policies_that_vouch() -> None:
    assert asked(vouching={"policy0", "other"}).allowed
    denied = asked(vouching={"other"})
    assert denied == Verdict(allowed=False, policies=("policy0",), unvouched=True)
    assert not asked("", vouching=set()).unvouched
