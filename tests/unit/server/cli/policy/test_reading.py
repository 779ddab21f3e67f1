"""Tables are read whole or refused, each problem with its line."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.cli.policy.tables.model import DEFAULT_TIME, Case, Defaults, KeyRow, Table
from signward_server.cli.policy.tables.reading import (
    TableFile,
    parse_table,
    read_table,
    table_files,
)
from signward_server.config import ConfigurationError
from signward_server.core.identity import Authentication
from signward_server.core.keys import Algorithm, CustodyKind, Purpose, VersionState

FILE = Path("t.test.yaml")
SMALL = "cases:\n  - {name: a, identity: cn:b, action: Reload, expect: deny}\n"


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_table(FILE, text)
    return [str(problem).removeprefix("t.test.yaml:") for problem in caught.value.problems]


def test_a_small_table_has_defaults():
    read = parse_table(FILE, SMALL)
    assert (read.name, read.lines, read.table.groups) == ("t", (2,), None)
    assert read.table.defaults == Defaults(
        authentication=Authentication.CERTIFICATE, address="", time=DEFAULT_TIME
    )
    (case,) = read.table.cases
    assert (case.key, case.payload, case.time, case.totals, case.by) == (None, None, None, {}, None)


def test_a_table_may_say_all_of_it():
    read = parse_table(
        FILE,
        """
groups:
  ops: [cn:ops, "spiffe://prod/ops"]
  none: []
keys:
  mm-1:
    owner: cn:bot
    purpose: hyperliquid
    algorithm: secp256k1
    custody: aws-kms
    state: disabled
    freeze: cancel-only
    version_state: grace
    network: testnet
    vault_address: "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    user_id: "7"
    labels: {desk: 7, on: yes}
    allow_digest: true
defaults: {authentication: api_key, address: "::1", time: 2026-02-01T00:00:00+01:00}
cases:
  - name: all of it
    identity: apikey:b
    key: mm-1
    payload: {raw: {message: aGk=}}
    authentication: certificate_and_api_key
    address: 192.0.2.7
    time: 2026-02-01T10:00:00.250Z
    totals: {spent: 9223372036854775807}
    expect: error
    reason: PAYLOAD_UNSUPPORTED
    by: []
""",
    )
    table = read.table
    assert table.groups == {"ops": ("cn:ops", "spiffe://prod/ops"), "none": ()}
    key = table.keys["mm-1"]
    assert key.vault_address == "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
    assert (key.purpose, key.algorithm) == (Purpose.HYPERLIQUID, Algorithm.ECDSA_SECP256K1)
    assert (key.custody, key.version_state) == (CustodyKind.AWS_KMS, VersionState.GRACE)
    assert key.labels == {"desk": "7", "on": "yes"}
    assert table.defaults.time == datetime(2026, 1, 31, 23, tzinfo=UTC)
    (case,) = table.cases
    assert case.time == datetime(2026, 2, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    assert case.totals == {"spent": 2**63 - 1}


def test_every_problem_has_its_line_key_and_fix():
    found = problems(
        """\
groups: {admins: [cn:admin, x], A: []}
keys:
  mm:
    owner: cn:bot
    purpos: order
    algorithm: rsa
    labels: {desk: a, x: true}
    allow_digest: "true"
  MM: {}
defaults: {time: noon, address: 1.2.3, authentication: tls}
cases:
  - name: ""
    identity: bot
    key: nope
    action: x y
    totals: {a: -1, b: 99999999999999999999}
    expect: maybe
  - {name: a, identity: cn:b, expect: allow}
  - 3
  - {name: a, identity: cn:b, expect: allow, action: A, payload: {}}
  - {name: b, identity: cn:b, expect: allow, payload: {}}
zebra: 1
"""
    )
    assert [line.split(";", 1)[0] for line in found] == [
        "1: groups.admins[1] is no identity",
        "1: groups.A is no name for a group",
        "6: keys.mm.algorithm is not one of the choices",
        "7: keys.mm.labels.x is not text",
        "8: keys.mm.allow_digest is neither true nor false",
        "5: keys.mm.purpos is not a known key",
        "9: keys.MM is no id for a key",
        "9: keys.MM.owner is missing",
        "10: defaults.authentication is not one of the choices",
        "10: defaults.address is no IP address",
        "10: defaults.time is no time",
        "12: cases[0].name is empty",
        "13: cases[0].identity is no identity",
        "15: cases[0].action has the wrong form",
        "16: cases[0].totals.a is no total",
        "16: cases[0].totals.b is no total",
        "17: cases[0].expect is not one of the choices",
        "18: cases[1] needs either an action or a payload",
        "19: cases[2] is not a table",
        "20: cases[3] needs either an action or a payload",
        "21: cases[4].key is missing",
        "22: zebra is not a known key",
    ]
    assert all(line.split("; ", 1)[1] for line in found)
    assert found[5].endswith("; did you mean purpose?")
    assert found[-1].endswith("; known here: groups, keys, defaults, references, cases")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "1 is not a table; write keys and values below it"),
        ("- a", "1 is not a table; write keys and values below it"),
        ("cases: []", "1: cases is empty; give at least one"),
        ("keys: {}", "1: cases is missing; add it"),
        ("a: &b 1", "1 has an anchor or alias; write it out"),
        (
            SMALL + SMALL.split("\n", 1)[1],
            "3: cases[1].name has the name of another case; rename it",
        ),
        (
            SMALL.replace("action", "key: k, action"),
            "2: cases[0].key is no key of the table; add it to keys",
        ),
        (
            SMALL.replace("deny", "deny, time: 2026-02-01"),
            "2: cases[0].time is no time; write it like 2026-01-07T12:00:00Z",
        ),
        (
            SMALL.replace("deny", "deny, time: 2026-02-01T10:00:00"),
            "2: cases[0].time is no time; write it like 2026-01-07T12:00:00Z",
        ),
        (
            SMALL.replace("deny", "deny, by: starter"),
            "2: cases[0].by is not a list; write each item on a line of its own, after a dash",
        ),
    ],
)
def test_a_single_problem_is_a_single_line(text, line):
    assert problems(text) == [line]


def test_tables_are_found_in_order_and_hidden_ones_passed_over(tmp_path):
    for name in ("b.test.yaml", "a.test.yaml", ".c.test.yaml", "d.yaml", "e.cedar"):
        (tmp_path / name).write_text(SMALL)
    assert [path.name for path in table_files(tmp_path)] == ["a.test.yaml", "b.test.yaml"]
    assert read_table(tmp_path / "a.test.yaml").table.cases[0].name == "a"


def test_a_folder_without_tables_and_files_that_are_none_are_named(tmp_path):
    def refusal(action, path: Path) -> str:
        with pytest.raises(ConfigurationError) as caught:
            action(path)
        return str(caught.value).replace(str(tmp_path), "DIR")

    assert refusal(table_files, tmp_path) == (
        "DIR holds no files that end in .test.yaml; write one beside the policies"
    )
    assert "DIR/no cannot be read (No such file" in refusal(table_files, tmp_path / "no")
    assert "DIR/no cannot be read (No such file" in refusal(read_table, tmp_path / "no")
    (tmp_path / "a.test.yaml").write_bytes(b"\xff")
    assert refusal(read_table, tmp_path / "a.test.yaml").startswith("DIR/a.test.yaml is not UTF-8")
    os.mkfifo(tmp_path / "pipe.test.yaml")
    assert "is not a regular file" in refusal(read_table, tmp_path / "pipe.test.yaml")
    (tmp_path / "pipe.test.yaml").unlink()
    (tmp_path / "b.test.yaml").write_text("#" * 2_000_000)
    assert "is larger than 256 KiB" in refusal(read_table, tmp_path / "b.test.yaml")
    for number in range(256):
        (tmp_path / f"c{number}.test.yaml").touch()
    assert "DIR holds 258 files" in refusal(table_files, tmp_path)


_NAMES = sorted({name for model in (Table, Case, Defaults, KeyRow) for name in model.model_fields})
_LEAVES = (
    st.none() | st.booleans() | st.text(max_size=20)
    | st.sampled_from(["cn:a", "allow", "k", "Reload", "2026-01-07T12:00:00Z", "order", "::1"])
)  # fmt: skip
_WORDS = st.sampled_from([*_NAMES, "k", "order", "raw"]) | st.text(max_size=6)
_TABLES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=20,
)
_CASES = st.fixed_dictionaries(
    {"name": _TABLES, "identity": _TABLES, "expect": _TABLES},
    optional=dict.fromkeys(set(Case.model_fields) - {"name", "identity", "expect"}, _TABLES),
)


@given(
    st.dictionaries(_WORDS, _TABLES, max_size=4)
    | st.fixed_dictionaries({"cases": st.lists(_CASES, max_size=2), "keys": _TABLES})
)
def test_arbitrary_tables_are_read_or_refused_with_a_line(value):
    outcome = _outcome(json.dumps(value))
    if isinstance(outcome, TableFile):
        assert set(value) <= set(Table.model_fields)
        assert all(set(case) <= set(Case.model_fields) for case in value["cases"])
    else:
        assert all(problem.text and problem.fix for problem in outcome)
        assert all(str(problem).isprintable() for problem in outcome)


def _outcome(text: str):
    """Return the table or the problems; anything else that is raised is a bug."""
    try:
        return parse_table(FILE, text)
    except ConfigurationError as refused:
        return refused.problems


def test_reference_prices_are_read_in_units():
    text = (
        SMALL + 'references: {mainnet: {"0": 65000.50, "10107": 0.00000001}, testnet: {"3": 1}}\n'
    )
    assert parse_table(FILE, text).table.references == {
        ("mainnet", 0): 6_500_050_000_000,
        ("mainnet", 10107): 1,
        ("testnet", 3): 100_000_000,
    }


@pytest.mark.parametrize(
    ("references", "said"),
    [
        ("{mainnet: {BTC: 65000}}", "a key in mainnet that is no number of an asset"),
        ("{testnet: {0: -1}}", "no price for asset 0 of testnet"),
        ("{mainnet: 5}", "a mainnet that is no object"),
        ("{devnet: {0: 1}}", "write them below mainnet and testnet"),
        ("[]", "write them below mainnet and testnet"),
    ],
)
def test_what_are_no_reference_prices_is_refused(references, said):
    (problem,) = problems(f"{SMALL}references: {references}\n")
    assert problem.startswith("3: references are no prices; ")
    assert said in problem
