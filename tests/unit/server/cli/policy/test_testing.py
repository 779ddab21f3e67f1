"""``signward policy test``: cases are judged as the daemon judges calls."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ORDER = "payload: {order: {action: order, coin: BTC, isBuy: true, sz: 1, limitPx: 2}}"


def add(folder: Path, *cases: str) -> None:
    with (folder / "a.test.yaml").open("a") as file:
        file.writelines(f"  - {{name: case {n}, {case}}}\n" for n, case in enumerate(cases))


def outcomes(invoke, folder: Path, *cases: str) -> list[tuple[str, str, list[str]]]:
    """Return what became of cases that are all said to be allowed."""
    add(folder, *(f"{case}, expect: allow" for case in cases))
    answer = json.loads(invoke("policy", "test", folder, "--json").stdout)
    return [(case["got"], case["reason"], case["policies"]) for case in answer["cases"][1:]]


def test_the_starter_set_passes_its_own_table(home, invoke):
    done = invoke("policy", "test", "--home", home)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "16 passed, 0 failed, in 1 table\n"


def test_cases_that_pass_are_shown_on_demand(folder, invoke):
    assert invoke("policy", "test", folder).stdout == "1 passed, 0 failed, in 1 table\n"
    assert invoke("policy", "test", folder, "-v").stdout.splitlines() == [
        "ok      a: the owner signs: allow by owners-sign",
        "1 passed, 0 failed, in 1 table",
    ]


def test_a_case_that_fails_says_where_and_why_and_the_exit_code_tells(folder, invoke):
    add(folder, f"identity: cn:bot, key: k1, {ORDER}, expect: deny")
    done = invoke("policy", "test", folder)
    assert done.exit_code == 1
    assert done.stdout.replace(str(folder), "DIR").splitlines() == [
        "FAILED  DIR/a.test.yaml:13: case 0: expected deny, got allow by owners-sign",
        "1 passed, 1 failed, in 1 table",
    ]


def test_steps_are_those_of_the_daemon(folder, invoke):
    doge = ORDER.replace("BTC", "DOGE")
    raw = "payload: {raw: {message: aGk=}}"
    assert outcomes(
        invoke,
        folder,
        f"identity: cn:other, key: k1, {ORDER}",
        f"identity: cn:bot, key: k1, {doge}",
        f"identity: cn:bot, key: k1, {raw}",
        f"identity: cn:bot, key: k2, {raw}",
        f"identity: cn:alice, key: k1, {ORDER}",
        "identity: cn:alice, key: k1, action: FreezeKey",
        "identity: cn:alice, key: k1, action: FreezeKey, authentication: api_key",
        "identity: cn:bot, key: k1, action: FreezeKey",
        "identity: cn:alice, action: Reload",
        "identity: cn:bot, key: k1, action: CreateKey",
        "identity: cn:alice, key: k1, action: CreateKey",
    ) == [
        ("deny", "KEY_NOT_FOUND", []),
        ("deny", "POLICY_DENIED", ["no-doge"]),
        ("error", "KEY_PURPOSE_MISMATCH", []),
        ("error", "KEY_DISABLED", []),
        ("deny", "POLICY_DENIED", []),
        ("allow", "", ["ops-stop"]),
        ("deny", "POLICY_DENIED", ["ops-stop"]),
        ("deny", "POLICY_DENIED", []),
        ("allow", "", ["ops-reload"]),
        ("deny", "POLICY_DENIED", []),
        ("allow", "", ["ops-stop"]),
    ]


def test_s05_an_erring_forbid_is_an_error_and_never_an_allow(folder, invoke):
    large = ORDER.replace("sz: 1", "sz: 90000000000").replace("limitPx: 2", "limitPx: 0.1")
    ((got, reason, policies),) = outcomes(invoke, folder, f"identity: cn:bot, key: k1, {large}")
    assert (got, reason, policies) == ("error", "POLICY_ERROR", ["owners-sign"])
    done = invoke("policy", "test", folder)
    assert "case 0: expected allow, got error (POLICY_ERROR): SignOrder is denied, since" in (
        done.stdout
    )


def test_frozen_keys_and_old_versions_sign_as_they_do_in_the_daemon(folder, invoke):
    table = folder / "a.test.yaml"
    rows = "".join(
        f"  {name}: {{owner: cn:bot, purpose: order, {rest}}}\n"
        for name, rest in {
            "frozen": "freeze: all",
            "half": "freeze: cancel-only",
            "grace": "version_state: grace",
            "retired": "version_state: retired",
        }.items()
    )
    table.write_text(table.read_text().replace("cases:", f"{rows}cases:"))
    found = outcomes(
        invoke,
        folder,
        *(f"identity: cn:bot, key: {name}, {ORDER}" for name in ("frozen", "half", "grace")),
        f"identity: cn:bot, key: retired, {ORDER}",
    )
    assert [reason for _, reason, _ in found] == [
        "KEY_FROZEN",
        "KEY_FROZEN",
        "",
        "KEY_VERSION_RETIRED",
    ]


@pytest.mark.parametrize(
    ("expectation", "problem"),
    [
        ("expect: allow, by: [owners-sign]", ""),
        ("expect: allow, by: [owners-sign, ops-stop]", "expected by ops-stop, owners-sign, got by"),
        ("expect: allow, by: []", "expected by no policy, got by owners-sign"),
        ("expect: deny", "expected deny, got allow by owners-sign"),
        ("expect: error", "expected error (POLICY_ERROR), got allow by owners-sign"),
        ("expect: allow, reason: X", "expected allow (X), got allow by owners-sign"),
    ],
)
def test_what_is_expected_is_compared_whole(folder, invoke, expectation, problem):
    add(folder, f"identity: cn:bot, key: k1, {ORDER}, {expectation}")
    answer = json.loads(invoke("policy", "test", folder, "--json").stdout)
    assert answer["cases"][1]["problem"].startswith(problem)
    assert answer["ok"] is (problem == "")
    assert bool(answer["cases"][1]["problem"]) is bool(problem)


@pytest.mark.parametrize(
    ("expectation", "passes"),
    [
        ("expect: deny", True),
        ("expect: deny, reason: KEY_NOT_FOUND", True),
        ("expect: deny, reason: POLICY_DENIED", False),
        ("expect: error", False),
    ],
)
def test_a_reason_narrows_a_denial_down(folder, invoke, expectation, passes):
    add(folder, f"identity: cn:other, key: k1, {ORDER}, {expectation}")
    assert invoke("policy", "test", folder).exit_code == (0 if passes else 1)


@pytest.mark.parametrize(
    ("expectation", "passes"),
    [
        ("expect: error", False),
        ("expect: error, reason: FIELD_INVALID", True),
        ("expect: deny", False),
    ],
)
def test_an_error_is_a_policy_error_unless_it_says_another(folder, invoke, expectation, passes):
    add(folder, f"identity: cn:bot, key: k1, {ORDER.replace('sz: 1', 'sz: 1e3')}, {expectation}")
    assert invoke("policy", "test", folder).exit_code == (0 if passes else 1)


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("key: k1, action: Freeze", "there is no such action; see `signward policy schema`"),
        ("action: FreezeKey", "FreezeKey needs a key"),
        ("key: k1, action: Reload", "Reload is done to the server, not to a key"),
        ("key: k1, action: SignRaw", "SignRaw is asked for with a payload, not as an action"),
        ("key: k1, payload: {order: {zebra: 1}}", 'has no field named "zebra"'),
        ("key: k1, payload: {}", "a payload is a table with one key: raw or order"),
    ],
)
@pytest.mark.parametrize("expect", ["allow", "deny", "error"])
def test_a_case_that_nobody_can_ask_fails_whatever_it_expects(
    folder, invoke, case, problem, expect
):
    add(folder, f"identity: cn:bot, {case}, expect: {expect}")
    answer = json.loads(invoke("policy", "test", folder, "--json").stdout)
    assert problem in answer["cases"][1]["problem"]
    assert (answer["cases"][1]["got"], answer["failed"]) == (None, 1)


def test_orders_are_in_time_relative_to_their_case(folder, invoke):
    timed = ORDER.replace("limitPx: 2", 'limitPx: 2, timestamp: "1767787200000"')
    found = outcomes(
        invoke,
        folder,
        f"identity: cn:bot, key: k1, {timed}",
        f'identity: cn:bot, key: k1, {timed}, time: "2026-01-07T12:00:59Z"',
        f'identity: cn:bot, key: k1, {timed}, time: "2026-01-07T12:01:01Z"',
    )
    assert [reason for _, reason, _ in found] == ["", "", "FIELD_INVALID"]


def test_groups_are_the_tables_or_else_those_of_the_configuration(home, folder, invoke):
    table = folder / "a.test.yaml"
    table.write_text(table.read_text().replace("groups:\n  ops: [cn:alice]\n", ""))
    add(folder, "identity: cn:alice, action: Reload, expect: allow")
    assert invoke("policy", "test", folder).exit_code == 1
    groups = ["--home", home, "--set", 'groups.ops=["cn:alice"]']
    assert invoke("policy", "test", folder, *groups).exit_code == 0
    table.write_text("groups: {}\n" + table.read_text())
    assert invoke("policy", "test", folder, *groups).exit_code == 1


def test_the_windows_of_orders_are_those_of_the_configuration(home, folder, invoke):
    timed = ORDER.replace("limitPx: 2", 'limitPx: 2, timestamp: "1767787200000"')
    later = f'identity: cn:bot, key: k1, {timed}, time: "2026-01-07T12:00:30Z", expect: allow'
    add(folder, later)
    assert invoke("policy", "test", folder).exit_code == 0
    window = ["--home", home, "--set", "order.timestamp_window=10s"]
    assert invoke("policy", "test", folder, *window).exit_code == 1


def test_results_are_written_for_ci_servers(folder, invoke, tmp_path):
    add(folder, f'identity: "cn:bot", key: k1, {ORDER}, expect: deny')
    (folder / "b.test.yaml").write_text((folder / "a.test.yaml").read_text())
    done = invoke("policy", "test", folder, "--junit", tmp_path / "r.xml")
    assert done.exit_code == 1
    root = ET.parse(tmp_path / "r.xml").getroot()  # noqa: S314  # our own file
    assert root.attrib == {"tests": "4", "failures": "2"}
    assert [suite.attrib for suite in root] == [
        {"name": "a", "tests": "2", "failures": "1"},
        {"name": "b", "tests": "2", "failures": "1"},
    ]
    first, second = root[0]
    assert first.attrib["name"] == "the owner signs"
    assert second.attrib["line"] == "13"
    (failure,) = second
    assert failure.attrib["message"] == "expected deny, got allow by owners-sign"


def test_names_with_odd_characters_make_valid_xml(folder, invoke, tmp_path):
    table = folder / "a.test.yaml"
    table.write_text(table.read_text().replace("the owner signs", '"a\\u0007<\\u009b&\\ud7ff"'))
    assert invoke("policy", "test", folder, "--junit", tmp_path / "r.xml").exit_code == 0
    root = ET.parse(tmp_path / "r.xml").getroot()  # noqa: S314  # our own file
    assert root[0][0].attrib["name"] == "'a\\x07<\\x9b&\\ud7ff'"


def test_a_report_that_cannot_be_written_is_one_line(folder, invoke, tmp_path):
    done = invoke("policy", "test", folder, "--junit", tmp_path / "no" / "r.xml")
    assert done.exit_code == 2
    assert done.stderr.endswith("cannot be written (No such file or directory); name another\n")


def test_problems_of_policies_and_tables_come_before_any_case(folder, invoke):
    (folder / "b.test.yaml").write_text("cases: []")
    (folder / "c.test.yaml").write_text("cases: [3]")
    done = invoke("policy", "test", folder)
    assert (done.exit_code, done.stdout) == (2, "")
    assert [line.split(" ", 1)[0] for line in done.stderr.splitlines()] == ["signward:"] * 2
    (folder / "b.cedar").write_text("permit(")
    assert "b.cedar:1" in invoke("policy", "test", folder).stderr
    assert invoke("policy", "test", folder.parent / "no").exit_code == 2
