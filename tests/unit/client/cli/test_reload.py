"""``signward reload``."""

from __future__ import annotations

from signward import ReloadPart


def test_everything_is_reloaded_unless_parts_are_named(daemon, run):
    outcome = run("reload")
    assert (outcome.code, outcome.stderr) == (0, "")
    header, *rows = (line.split() for line in outcome.stdout.splitlines())
    assert header == ["PART", "VERSION", "CHANGED", "PROBLEM"]
    assert [row[0] for row in rows] == [
        "policy", "certificates", "limits", "groups", "log", "references",
    ]  # fmt: skip
    assert [row[1:] for row in rows] == [["0" * 12, "yes"]] * 6
    run("reload", "limits", "policy")
    assert [list(request.parts) for request in daemon.calls("Reload")] == [[], [3, 1]]


def test_a_part_that_stays_old_is_exit_code_1(daemon, run):
    daemon.problems[ReloadPart.RELOAD_PART_POLICY] = "a.cedar: line 3: unexpected \x1b[31mtoken"
    outcome = run("reload", "policy", "groups")
    assert outcome.code == 1
    assert outcome.stderr == ""
    policy, groups = outcome.stdout.splitlines()[1:]
    assert policy.split()[:3] == ["policy", "0" * 12, "no"]
    assert policy.endswith("a.cedar: line 3: unexpected ?[31mtoken")
    assert groups.split() == ["groups", "0" * 12, "yes"]


def test_json_has_the_whole_versions(daemon, run):
    daemon.problems[ReloadPart.RELOAD_PART_LIMITS] = "limits.rules is no list"
    outcome = run("reload", "limits", "--json")
    assert outcome.code == 1
    assert outcome.json == {
        "results": [
            {
                "part": "RELOAD_PART_LIMITS",
                "version": f"{3:064x}",
                "changed": False,
                "problem": "limits.rules is no list",
            }
        ]
    }


def test_an_unknown_part_is_a_usage_error(daemon, run):
    outcome = run("reload", "everything")
    assert outcome.code == 2
    assert "everything" in outcome.stderr
    assert daemon.seen == []
