"""``signward key ...``."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration

CREATE = ("key", "create", "k", "--algorithm", "ed25519", "--purpose", "raw")


def test_create_shows_the_key_that_was_made(daemon, run):
    outcome = run(
        *CREATE, "--label", "team=a", "--label", "env=", "--unlock-ttl", "30s", "--custody",
        "aws-kms", "--grace-period", "7d", "--owner", "dns:bot", "--request-id", "r",
    )  # fmt: skip
    assert outcome.code == 0
    assert "ed25519" in outcome.stdout
    [request] = daemon.calls("CreateKey")
    assert dict(request.labels) == {"team": "a", "env": ""}
    assert request.unlock_ttl.seconds == 30
    assert request.grace_period.seconds == 7 * 86_400
    assert (request.owner, request.request_id) == ("dns:bot", "r")
    assert (request.algorithm, request.purpose, request.custody) == (1, 1, 2)


def test_create_as_json(daemon, run):
    key = run(*CREATE, "--json").json
    assert key["id"] == "k"
    assert key["algorithm"] == "ALGORITHM_ED25519"
    assert key["versions"][0]["publicKey"]["pem"].startswith("-----BEGIN")


def test_create_twice_is_refused(daemon, run):
    run(*CREATE)
    outcome = run(*CREATE)
    assert outcome.code == 5
    assert outcome.stderr == (
        "signward: KEY_EXISTS: A key with this id or this public key exists; "
        "use it, or choose another id\n"
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--label", "nolabel"), "labels are NAME=VALUE"),
        (("--label", "a=1", "--label", "a=2"), "each name once"),
        (("--unlock-ttl", "soon"), "'soon' is no duration such as"),
        (("--grace-period", "9999999d"), "is no duration such as"),
        (("--custody", "pocket"), "pocket"),
    ],
)
def test_wrong_options_are_usage_errors(daemon, run, arguments, problem):
    outcome = run(*CREATE, *arguments)
    assert outcome.code == 2
    assert outcome.stderr.startswith("signward: ")
    assert outcome.stderr.count("\n") == 1
    assert problem in outcome.stderr
    assert daemon.seen == []


def test_what_is_missing_is_named(daemon, run):
    outcome = run("key", "create", "k")
    assert outcome.code == 2
    assert "--algorithm" in outcome.stderr
    assert "'signward key create --help'" in outcome.stderr


def test_list_shows_all_pages(daemon, run):
    for number in range(3):
        daemon.add_key(f"key-{number}", labels={"team": "a"}, owner="spiffe://test/bot")
    daemon.add_key("other")
    outcome = run("key", "list", "--label", "team=a")
    assert outcome.code == 0
    lines = outcome.stdout.splitlines()
    assert lines[0].split() == [
        "ID", "ALGORITHM", "PURPOSE", "CUSTODY", "STATE", "VERSION", "OWNER",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[1:]] == ["key-0", "key-1", "key-2"]
    assert "spiffe://test/bot" in lines[1]


def test_list_as_json_up_to_a_limit(daemon, run):
    for number in range(3):
        daemon.add_key(f"key-{number}")
    keys = run("key", "list", "--json", "--limit", "2", "--purpose", "raw").json
    assert [key["id"] for key in keys] == ["key-0", "key-1"]
    [request] = daemon.calls("ListKeys")
    assert (request.page_size, request.purpose) == (2, 1)


def test_get_shows_versions_and_hides_what_steers_a_terminal(daemon, run):
    key = daemon.add_key("k", labels={"note": "\x1b[31mred"})
    outcome = run("key", "get", "k")
    assert outcome.code == 0
    assert key.versions[0].public_key.raw.hex() in outcome.stdout
    assert "\x1b" not in outcome.stdout
    assert "note=?[31mred" in outcome.stdout


def test_an_enum_of_tomorrow_is_shown_as_its_number(daemon, run):
    daemon.add_key("k", purpose=77)
    assert "77" in run("key", "get", "k").stdout


def test_public_key_in_each_form(daemon, run):
    public = daemon.add_key("k").versions[0].public_key
    assert run("key", "public-key", "k").stdout == public.pem
    assert run("key", "public-key", "k", "--format", "hex").stdout == public.raw.hex() + "\n"
    fingerprint = run("key", "public-key", "k", "--format", "fingerprint").stdout
    assert fingerprint == public.fingerprint.hex() + "\n"
    assert run("key", "public-key", "k", "--json").json["keyId"] == "k"


def test_update_changes_and_resets(daemon, run):
    daemon.add_key("k", labels={"a": "1"}, owner="dns:old")
    outcome = run("key", "update", "k", "--owner", "dns:new", "--reset", "labels", "--etag", "1")
    assert outcome.code == 0
    [request] = daemon.calls("UpdateKey")
    assert list(request.update_mask.paths) == ["owner", "labels"]
    assert not daemon.keys["k"].key.labels


def test_update_of_nothing_is_a_usage_error(daemon, run):
    outcome = run("key", "update", "k")
    assert outcome.code == 2
    assert "nothing to change" in outcome.stderr


def test_an_old_etag_says_to_read_again(daemon, run):
    daemon.add_key("k")
    outcome = run("key", "update", "k", "--owner", "dns:new", "--etag", "0")
    assert outcome.code == 5
    assert "read the key again" in outcome.stderr


def test_disable_and_enable(daemon, run):
    daemon.add_key("k")
    assert "disabled" in run("key", "disable", "k", "--reason", "lost").stdout
    assert daemon.calls("DisableKey")[0].reason == "lost"
    refused = run("sign", "raw", "k", "m")
    assert refused.code == 5
    assert "signward key enable" in refused.stderr
    assert "enabled" in run("key", "enable", "k").stdout


def test_an_unknown_key_is_not_found(daemon, run):
    outcome = run("key", "get", "nothing")
    assert outcome.code == 4
    assert outcome.stdout == ""
    assert outcome.stderr == (
        "signward: KEY_NOT_FOUND: There is no such key; see 'signward key list'\n"
    )


def test_a_key_says_how_long_it_stays_unlocked(daemon, run):
    daemon.add_key("default")
    daemon.add_key("zero", unlock_ttl=Duration())
    daemon.add_key("own", unlock_ttl=Duration(seconds=90))

    def shown(key: str) -> str:
        lines = run("key", "get", key).stdout.splitlines()
        return next(line for line in lines if line.startswith("unlock ttl"))

    assert shown("default").endswith("the daemon's default")
    assert shown("zero").split()[-1] == "0s"
    assert shown("own").split()[-1] == "90s"
