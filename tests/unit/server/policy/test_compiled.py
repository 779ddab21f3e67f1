"""What becomes of files of policies: a valid set, or every reason why not."""

from __future__ import annotations

import pytest
from signward_server.core.actions import RPC_ACTIONS
from signward_server.policy.compiled import PoliciesRefused, PolicySource, compile_policies

from tests.unit.server.policy.desk import KINDS, compiled, problems, windowed

ANYTHING = "permit(principal, action, resource);"


def test_policies_have_their_own_names_or_that_of_their_place() -> None:
    policies = compiled(f'{ANYTHING}\n// one\n@id("bots-trade")\n{ANYTHING}', ANYTHING)
    assert list(policies.policies) == ["p0.cedar#1", "bots-trade", "p1.cedar#1"]
    named = policies.policies["bots-trade"]
    assert (named.source, named.line, named.permits) == ("p0.cedar", 3, True)


def test_no_policies_are_valid() -> None:
    assert compiled().policies == {}
    assert compiled("", "// nothing yet; not even this\n").policies == {}


def test_version_is_that_of_the_content_alone() -> None:
    one, two = PolicySource("a.cedar", ANYTHING), PolicySource("b.cedar", "// b")
    version = compile_policies([one, two], KINDS).version
    assert version == compile_policies([two, one], KINDS).version
    assert len(bytes.fromhex(version)) == 32
    others = [
        compile_policies([one], KINDS),
        compile_policies([one, PolicySource("b.cedar", "// c")], KINDS),
        compile_policies([one, PolicySource("c.cedar", "// b")], KINDS),
        compile_policies([one, two], RPC_ACTIONS),
        compile_policies([one, two], windowed(KINDS, ["day"])),
    ]
    assert len({version, *(other.version for other in others)}) == 6


def test_groups_that_policies_name_are_known() -> None:
    text = (
        'permit(principal in Group::"a", action, resource);'
        'permit(principal, action, resource) when {principal in [Group::"b", Group::"c"]};'
    )
    assert compiled(text).groups == {"a", "b", "c"}


def test_every_problem_is_told_with_its_place() -> None:
    found = problems(
        f"{ANYTHING}\n\n// here;\npermit(principal, action resource);\n{ANYTHING}",
        f'{ANYTHING}\n@id("x y") {ANYTHING}',
        "permit(principal, action, resource)",
    )
    assert [(p.source, p.line) for p in found] == [
        ("p0.cedar", 4),
        ("p1.cedar", 2),
        ("p2.cedar", 1),
    ]
    assert str(found[0]) == "p0.cedar:4: unexpected token `resource`"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('permit(principal == Identity::"bot", action, resource);', "no caller can be"),
        (
            'forbid(principal, action, resource) when {resource.owner == Identity::"CN:bot"};',
            "no caller can be",
        ),
        ('permit(principal, action, resource == Server::"other");', "the only server is"),
        ('permit(principal, action == Action::"Sign", resource);', "unrecognized action"),
        ('permit(principal in User::"x", action, resource);', "unrecognized entity type"),
        ("permit(principal, action, resource) when {context.order.sz < 5};", "not found"),
        (
            (
                'permit(principal, action == Action::"SignOrder", resource)'
                " when {context.address.isLoopback()};"
            ),
            "optional attribute",
        ),
        (
            (
                'permit(principal, action == Action::"SignOrder", resource)'
                ' when {context.order.sz < "5"};'
            ),
            "unexpected type",
        ),
        (
            (
                'permit(principal, action == Action::"GetKey", resource)'
                ' when {resource.getTag("desk") == "fx"};'
            ),
            "safety of access to tag",
        ),
        (
            "permit(principal, action, resource) when {ip(context.authentication).isIpv4()};",
            "extension",
        ),
        ('permit(principal in Action::"SignTrade", action, resource);', "applicable action"),
        ("permit(principal == ?principal, action, resource);", "templates"),
        ("@id permit(principal, action, resource);", "an @id must match"),
        ('@id("a,b") permit(principal, action, resource);', "an @id must match"),
        ('@id("p0.cedar#1") permit(principal, action, resource);', "an @id must match"),
        ('@id("x") @id("y") permit(principal, action, resource);', "duplicate annotation"),
        ("allow(principal, action, resource);", "allow"),
        (";", "unexpected token"),
        ("entity Group;", "unexpected token"),
    ],
)
def test_what_is_not_valid_is_refused(text: str, problem: str) -> None:
    (first, *_) = problems(text)
    assert problem in first.text


def test_one_bad_policy_refuses_all() -> None:
    good, bad = ANYTHING, 'permit(principal, action == Action::"Nope", resource);'
    found = problems(good, f'{good}\n@id("typo")\n{bad}')
    assert {(p.source, p.line, p.policy) for p in found} == {("p1.cedar", 2, "typo")}


def test_an_id_is_given_once() -> None:
    text = f'@id("x") {ANYTHING}'
    (problem,) = problems(text, f"\n{text}")
    assert str(problem) == "p1.cedar:2: policy x: this id is that of p0.cedar:1"


@pytest.mark.parametrize("name", ["", "a/b.cedar", ".hidden", "a,b", "x" * 65, "a\nb", "é"])
def test_names_of_files_are_plain(name: str) -> None:
    with pytest.raises(PoliciesRefused, match="is named"):
        compile_policies([PolicySource(name, ANYTHING)], KINDS)


def test_names_of_files_are_unique() -> None:
    with pytest.raises(PoliciesRefused, match="two files"):
        compile_policies([PolicySource("a", ANYTHING), PolicySource("a", "")], KINDS)


def test_policies_are_as_many_as_a_reload_can_read_in_passing() -> None:
    assert len(compiled(ANYTHING * 500).policies) == 500
    with pytest.raises(PoliciesRefused, match="more than 500 policies"):
        compiled(ANYTHING * 501)
