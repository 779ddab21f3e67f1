"""``signward policy explain``."""

import json
from collections.abc import Iterator

import pytest
from cryptography import x509
from signward import Purpose

from tests.fakes.certificates import Authority
from tests.fakes.daemon import FakeDaemon

ORDER = json.dumps(
    {"order": {"action": "order", "coin": "BTC", "isBuy": True, "sz": "1", "limitPx": "2"}}
)
KEY = json.dumps(
    {
        "id": "mm-1",
        "owner": "cn:bot",
        "algorithm": "ALGORITHM_ED25519",
        "purpose": "PURPOSE_ORDER",
        "labels": {"our desk": "é"},
    }
)
NOON = ["--time", "2026-01-07T12:00:00Z"]


@pytest.fixture
def explain(folder, invoke):
    def run(*options, **environment):
        return invoke("policy", "explain", "--policies", folder, *options, **environment)

    return run


@pytest.fixture
def table(folder):
    return ["--table", folder / "a.test.yaml"]


def test_what_is_allowed_says_by_which_policies_and_what_they_saw(explain):
    done = explain("--identity", "cn:bot", "--key", KEY, "--payload", ORDER, *NOON)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:11] == [
        "allowed",
        "",
        "ViewKey: allowed by the policies that decided",
        "  decided    owners-sign",
        "  evaluated  owners-sign",
        "  cost       decided once, until policies, groups or the key change",
        "",
        "SignOrder: allowed by the policies that decided",
        "  decided    owners-sign",
        "  evaluated  owners-sign, no-doge",
        "  cost       decided each time, since policies read order.coin, order.sz",
    ]
    seen = [line.strip() for line in lines[13:]]
    for line in (
        'principal  Identity::"cn:bot"',
        'resource   Key::"mm-1"',
        'resource.owner = Identity::"cn:bot"',
        'resource.getTag("our desk") = "é"',
        'context.authentication = "certificate"',
        'context.time = datetime("2026-01-07T12:00:00.000Z")',
        "context.version.number = 1",
        "context.order.is_buy = true",
        "context.order.timestamp = 1767787200000",
        "context.order.notional = 200000000",
    ):
        assert line in seen


def test_what_is_denied_exits_with_one_and_says_why(explain, table):
    done = explain("--identity", "cn:alice", "--key", "k1", "--payload", ORDER, *table, *NOON)
    assert done.exit_code == 1
    assert done.stdout.startswith("not allowed: POLICY_DENIED\n\nViewKey: allowed by")
    assert (
        "\nSignOrder: denied, since no policy permits it\n  decided    no policy\n" in done.stdout
    )
    assert '\n             in Group::"ops"\n' in done.stdout


def test_an_error_of_a_policy_is_shown_in_its_words(explain):
    large = ORDER.replace('"1"', '"90000000000"').replace('"2"', '"0.1"')
    done = explain("--identity", "cn:bot", "--key", KEY, "--payload", large)
    assert done.exit_code == 1
    assert done.stdout.startswith("not allowed: POLICY_ERROR\n")
    assert "\n  error      " in done.stdout
    assert "no-doge" in done.stdout.split("  error ", 1)[1].splitlines()[0]


def test_what_is_refused_before_any_policy_names_the_fields(explain):
    bad = ORDER.replace('"1"', '"1e3"')
    done = explain("--identity", "cn:bot", "--key", KEY, "--payload", bad)
    assert done.exit_code == 1
    assert done.stdout.startswith("not allowed: FIELD_INVALID, order.sz: Must be a plain decimal")
    answer = json.loads(
        explain("--identity", "cn:bot", "--key", KEY, "--payload", bad, "--json").stdout
    )
    assert list(answer["fields"]) == ["order.sz"]
    assert [step["action"] for step in answer["steps"]] == ["ViewKey"]


def test_json_holds_all_that_cedar_got(explain, table):
    options = ["--identity", "cn:alice", "--key", "k1", "--action", "FreezeKey", "--json"]
    options += ["--address", "2001:DB8::7", "--authentication", "api_key", *NOON]
    done = explain(*options, *table)
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert (answer["allowed"], answer["reason"]) == (False, "POLICY_DENIED")
    assert "an API key alone does not suffice" in answer["detail"]
    last = answer["steps"][-1]
    assert (last["policies"], last["evaluated"]) == (["ops-stop"], ["ops-stop"])
    assert last["request"]["resource"] == {"type": "Key", "id": "k1"}
    assert last["context"]["address"] == {"__extn": {"fn": "ip", "arg": "2001:db8::7"}}
    assert last["entities"][1]["tags"] == {"desk": "a b"}


def test_a_case_of_a_table_is_explained(explain, table, folder, invoke):
    done = explain(*table, "--case", "the owner signs")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "allowed")
    same = invoke("policy", "explain", *table, "--case", "the owner signs")
    assert same.stdout == done.stdout


def test_an_action_on_the_server_needs_no_key(explain, table):
    done = explain("--identity", "cn:alice", "--action", "Reload", *table, *NOON)
    assert done.exit_code == 0
    assert 'resource   Server::"signward"' in done.stdout


def test_a_key_that_is_to_be_made_is_judged_without_a_version(explain, table):
    options = ["--identity", "cn:alice", "--action", "CreateKey", "--key", "k1", *table]
    done = explain(*options)
    assert done.exit_code == 0
    assert done.stdout.startswith("allowed\n\nCreateKey: ")
    assert '\n             resource.version_state = ""\n' in done.stdout


def test_files_are_named_after_an_at(explain, tmp_path):
    (tmp_path / "key.json").write_text(KEY)
    (tmp_path / "order.json").write_text(ORDER)
    files = ["--key", f"@{tmp_path}/key.json", "--payload", f"@{tmp_path}/order.json"]
    assert explain("--identity", "cn:bot", *files).exit_code == 0


def test_the_homes_policies_groups_and_the_time_of_now_are_the_default(home, invoke):
    options = ["--home", home, "--identity", "cn:admin", "--key", KEY]
    assert invoke("policy", "explain", *options, "--action", "FreezeKey").exit_code == 0
    assert invoke("policy", "explain", *options, "--payload", ORDER).exit_code == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--action", "Reload"], "--identity is no identity; write it like cn:bot or"),
        (["--identity", "bot", "--action", "Reload"], "--identity is no identity; "),
        (
            ["--identity", "cn:a"],
            "what is asked for is not clear; give either --payload or --action",
        ),
        (
            ["--identity", "cn:a", "--action", "Reload", "--payload", ORDER],
            "what is asked for is not clear",
        ),
        (["--identity", "cn:a", "--payload", ORDER], "a payload is signed with a key"),
        (["--identity", "cn:a", "--action", "Zebra"], "there is no such action"),
        (["--identity", "cn:a", "--action", "FreezeKey"], "FreezeKey needs a key"),
        (["--identity", "cn:a", "--action", "X", "--time", "noon"], "--time is no time"),
        (
            ["--identity", "cn:a", "--action", "X", "--time", "0001-01-01T00:00:00+23:00"],
            "--time is no time",
        ),
        (["--identity", "cn:a", "--action", "X", "--address", "a"], "--address is no IP address"),
        (["--identity", "cn:a", "--payload", "{"], "--payload is not JSON"),
        (["--identity", "cn:a", "--payload", "@/no"], "/no cannot be read (No such file"),
        (
            ["--identity", "cn:a", "--payload", ORDER, "--key", "{"],
            "--key: a key is written in JSON",
        ),
        (["--identity", "cn:a", "--payload", ORDER, "--key", "@/dev/zero"], "larger than 1 MiB"),
        (["--case", "x"], "--case names a case of a table; name its file with --table"),
    ],
)
def test_options_that_do_not_fit_are_one_line(explain, options, problem):
    done = explain(*options)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert problem in done.stderr


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--case", "x"], "--case is the name of no case"),
        (["--case", "the owner signs", "--version", "1"], "--case says all of what is asked"),
    ],
)
def test_a_case_stands_alone(explain, table, options, problem):
    done = explain(*table, *options)
    assert done.exit_code == 2
    assert problem in done.stderr


def test_files_that_are_no_text_are_refused(explain, tmp_path):
    (tmp_path / "order.json").write_bytes(b"\xff")
    done = explain("--identity", "cn:a", "--payload", f"@{tmp_path}/order.json")
    assert (done.exit_code, "is not UTF-8" in done.stderr) == (2, True)


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory) -> Iterator[tuple[FakeDaemon, dict[str, str]]]:
    """A daemon with the key ``mm-1``, and the variables of a client that reaches it."""
    authority = Authority(tmp_path_factory.mktemp("pki"))
    daemon = FakeDaemon(authority, authority.issue("server", *FakeDaemon.server_names()), None)
    bot = authority.issue("bot", x509.UniformResourceIdentifier("spiffe://test/bot"))
    daemon.add_key("mm-1", owner="cn:bot", purpose=Purpose.PURPOSE_ORDER)
    yield (
        daemon,
        {
            "SIGNWARD_TARGET": daemon.target,
            "SIGNWARD_CA": str(authority.ca),
            "SIGNWARD_CERT": str(bot.certificate),
            "SIGNWARD_KEY": str(bot.private_key),
        },
    )
    daemon.stop()


def test_s40_a_key_by_its_id_is_asked_from_a_daemon(explain, surroundings):
    _, variables = surroundings
    options = ["--identity", "cn:bot", "--payload", ORDER]
    assert explain(*options, "--key", "mm-1", **variables).exit_code == 0
    missing = explain(*options, "--key", "mm-2", **variables)
    assert missing.exit_code == 4
    assert missing.stderr.startswith("signward: KEY_NOT_FOUND: ")
    told = json.loads(explain(*options, "--key", "mm-2", "--json", **variables).stderr)
    assert told["error"]["reason"] == "KEY_NOT_FOUND"


def test_the_connection_is_given_by_options_too(explain, surroundings, tmp_path):
    daemon, variables = surroundings
    names = {"ca": "SIGNWARD_CA", "cert": "SIGNWARD_CERT", "key": "SIGNWARD_KEY"}
    entries = "".join(f'{entry} = "{variables[name]}"\n' for entry, name in names.items())
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(f'[profiles.ops]\ntarget = "localhost:1"\n{entries}')
    options = ["--identity", "cn:bot", "--payload", ORDER, "--key", "mm-1"]
    named = ["--profiles", profiles, "--profile", "ops"]
    assert explain(*options, *named, "--target", daemon.target).exit_code == 0
    assert explain(*options, *named, "--timeout", "0.2").exit_code == 6
    only_target = {**variables, "SIGNWARD_TARGET": "localhost:1"}
    assert explain(*options, "--target", daemon.target, **only_target).exit_code == 0
    assert explain(*options, "--target", "https://x", **only_target).exit_code == 2
    assert explain(*options, SIGNWARD_PROFILES=str(profiles)).exit_code == 2
