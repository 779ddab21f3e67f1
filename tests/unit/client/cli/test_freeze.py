"""``signward key freeze`` and ``unfreeze``."""

from __future__ import annotations

import pytest

from tests.fakes.statuses import status


def shown(run, key: str) -> str:
    lines = run("key", "get", key).stdout.splitlines()
    return next((line.split()[-1] for line in lines if line.startswith("freeze")), "")


def test_one_key_is_frozen_and_unfrozen(daemon, run):
    daemon.add_key("k")
    assert shown(run, "k") == ""
    outcome = run("key", "freeze", "k", "--reason", "odd orders")
    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "k\n", "")
    assert daemon.calls("FreezeKey")[0].reason == "odd orders"
    assert shown(run, "k") == "all"
    assert run("key", "unfreeze", "k", "--reason", "all well").stdout == "k\n"
    assert daemon.calls("UnfreezeKey")[0].reason == "all well"
    assert shown(run, "k") == ""


def test_all_keys_with_labels_are_frozen(daemon, run):
    for number in range(3):
        daemon.add_key(f"k{number}", labels={"team": "a", "odd": str(number % 2)})
    choice = ("--label", "team=a", "--label", "odd=0")
    outcome = run("key", "freeze", *choice, "--mode", "cancel-only")
    assert outcome.stdout == "k0\nk2\n"
    assert shown(run, "k0") == "cancel-only"
    assert run("key", "unfreeze", *choice, "--json").json == {"keyIds": ["k0", "k2"]}


def test_an_answer_that_does_not_say_counts_as_frozen(daemon, run):
    daemon.add_key("k").freeze = 0
    assert shown(run, "k") == "all"


@pytest.mark.parametrize("command", ["freeze", "unfreeze"])
def test_keys_are_chosen_in_one_way(daemon, run, command):
    for choice in ((), ("k", "--label", "a=1")):
        outcome = run("key", command, *choice)
        assert outcome.code == 2
        assert "give either KEY or --label NAME=VALUE" in outcome.stderr
    assert "labels are NAME=VALUE" in run("key", command, "--label", "a").stderr
    assert daemon.seen == []


@pytest.mark.parametrize("command", ["freeze", "unfreeze"])
def test_labels_that_no_key_has_do_not_pass_for_success(daemon, run, command):
    daemon.add_key("k", labels={"team": "a"})
    outcome = run("key", command, "--label", "team=typo")
    assert (outcome.code, outcome.stdout) == (4, "")
    assert "no key that you may see has these labels" in outcome.stderr
    outcome = run("key", command, "--label", "team=typo", "--json")
    assert (outcome.code, outcome.json) == (4, {"keyIds": []})


def test_an_unknown_mode_is_a_usage_error(daemon, run):
    assert run("key", "freeze", "k", "--mode", "some").code == 2
    assert daemon.seen == []


def test_a_frozen_key_says_who_can_help(daemon, run):
    daemon.plan("Sign", status("FAILED_PRECONDITION", "KEY_FROZEN", "The key is frozen."))
    daemon.add_key("k")
    outcome = run("sign", "raw", "k", "m")
    assert outcome.code == 5
    assert "an operator may run 'signward key unfreeze'" in outcome.stderr


def test_a_key_that_still_cancels_says_so(daemon, run):
    metadata = {"freeze": "CANCEL_ONLY"}
    frozen = status("FAILED_PRECONDITION", "KEY_FROZEN", "The key is frozen.", metadata=metadata)
    daemon.plan("Sign", frozen)
    daemon.add_key("k")
    outcome = run("sign", "raw", "k", "m")
    assert outcome.code == 5
    assert "it still signs what cancels; for more" in outcome.stderr
    assert "an operator may run 'signward key unfreeze'" in outcome.stderr
