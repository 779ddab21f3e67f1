"""What applies to what, and what a set of rules is called."""

import pytest
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.method_classes import MethodClass as M
from signward_server.limits.rules import Per, Rule, board_of, version_of

BOT = Identity(IdentityKind.CN, "bot")


class Ruled:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule


def test_rules_by_key_apply_only_where_a_key_is_known():
    rules = [Rule(M.SIGN, per, limit, 1) for limit, per in enumerate(Per, 5)]
    board = board_of(map(Ruled, rules))
    without, with_key = board[M.SIGN]
    assert [part.rule for part in without.parts] == rules[:1]
    assert [part.rule for part in with_key.parts] == rules
    assert (without.most, with_key.most) == (5, 5)
    assert board.keys() == {M.SIGN}
    assert board_of([Ruled(rules[1])])[M.SIGN][0] is None


@pytest.mark.parametrize("per", Per)
def test_counters_are_apart_exactly_where_the_rule_says_so(per):
    rule = Rule(M.SIGN, per, 1, 1)
    callers = [BOT, Identity(IdentityKind.DNS, "bot"), Identity(IdentityKind.CN, "bot2")]
    names = {rule.counter(who, key) for who in callers for key in ("a", "b")}
    assert len(names) == {Per.IDENTITY: 3, Per.KEY: 2, Per.IDENTITY_AND_KEY: 6}[per]


def test_the_refusal_says_what_is_limited_and_waits_a_bit_longer_than_it_must():
    error = Rule(M.KEY_CREATION, Per.IDENTITY, 5, 300).refusal(2.5)
    assert error.metadata == {
        "class": "key_creation",
        "per": "identity",
        "limit": "5",
        "window": "300s",
    }
    assert 2.5 < error.retry_after <= 2.51


def test_the_version_is_that_of_the_set():
    one, other = Rule(M.SIGN, Per.KEY, 5, 300), Rule(M.SIGN, Per.KEY, 6, 300)
    assert version_of([one, other]) == version_of([other, one])
    versions = {version_of(rules) for rules in ([], [one], [other], [one, other])}
    assert len(versions) == 4
    assert all(len(version) == 64 for version in versions)
