"""Rate limits as they are written, and what nobody can have meant."""

from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from signward_server.config import ConfigurationError, Settings, load
from signward_server.config.schema import RateRule
from signward_server.core.method_classes import MethodClass
from signward_server.limits.rules import Per

RULE = {"class": '"sign"', "per": '"key"', "limit": "10", "window": '"1m"'}


def section(*flags: str):
    return load(None, environment={}, flags=[f"rate_limits.{flag}" for flag in flags]).rate_limits


def rules(*changes: dict) -> str:
    tables = (RULE | change for change in changes)
    inner = (", ".join(f"{k} = {v}" for k, v in table.items() if v) for table in tables)
    return f"rules=[{', '.join(f'{{{text}}}' for text in inner)}]"


def refusals(*flags: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        section(*flags)
    return [f"{problem.key} {problem.text}" for problem in caught.value.problems]


def test_the_defaults_are_those_of_the_replaced_service_and_for_what_is_rare():
    found = section()
    assert [(r.what, r.per, r.limit, r.window.total_seconds()) for r in found.rules] == [
        ("list", "identity", 60, 60),
        ("key_creation", "identity", 5, 300),
        ("key_change", "identity", 60, 60),
        ("administration", "identity", 60, 60),
    ]
    assert (found.storage, found.when_unavailable) == ("", "refuse")
    assert (found.failures.limit, found.failures.window) == (20, timedelta(minutes=1))


def test_rules_in_a_file_replace_the_defaults(tmp_path):
    file = tmp_path / "signward.toml"
    file.write_text(
        '[rate_limits]\nstorage = "valkeys://r.internal/3"\nstorage_password = "redis.pw"\n'
        '[[rate_limits.rules]]\nclass = "sign"\nper = "identity_and_key"\n'
        'limit = 100\nwindow = "10s"\n'
        "[rate_limits.failures]\nlimit = 3\n"
    )
    found = load(file, environment={}).rate_limits
    (rule,) = found.rules
    assert (rule.what, rule.per, rule.limit) == ("sign", "identity_and_key", 100)
    assert rule.window == timedelta(seconds=10)
    assert found.storage_password == tmp_path / "redis.pw"
    assert found.storage_ca is None
    assert found.failures.limit == 3
    assert section("rules=[]").rules == ()


def test_the_words_are_those_of_the_core():
    fields = RateRule.model_fields
    assert get_args(fields["what"].annotation) == tuple(MethodClass)
    assert get_args(fields["per"].annotation) == tuple(Per)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"class": '"signing"'}, "class is not one of the choices"),
        ({"per": '"peer"'}, "per is not one of the choices"),
        ({"limit": "0"}, "limit is out of range"),
        ({"limit": "1000000001"}, "limit is out of range"),
        ({"limit": '"5"'}, "limit is not a whole number"),
        ({"limit": "1.5"}, "limit is not a whole number"),
        ({"window": '"999ms"'}, "window is out of range"),
        ({"window": '"1500ms"'}, "window is no whole number of seconds"),
        ({"window": '"0s"'}, "window is out of range"),
        ({"window": '"25h"'}, "window is out of range"),
        ({"window": '"1 minute"'}, "window is not a duration"),
        ({"class": ""}, "class is missing"),
        ({"burst": "1"}, "burst is not a known key"),
        ({"what": '"sign"'}, "what is not a known key"),
    ],
)
def test_a_bad_rule_is_refused_with_its_position(change, problem):
    assert refusals(rules({"per": '"identity"'}, change)) == [f"rate_limits.rules[1].{problem}"]


@pytest.mark.parametrize("what", [what for what in MethodClass if what is not MethodClass.SIGN])
def test_a_rule_that_would_never_apply_is_refused(what):
    for per in (Per.KEY, Per.IDENTITY_AND_KEY):
        found = refusals(rules({"class": f'"{what}"', "per": f'"{per}"'}))
        assert found == ["rate_limits.rules[0].per counts by key, which only sign does"]
    assert section(rules({"class": f'"{what}"', "per": '"identity"'}))


def test_the_fix_for_a_wrong_key_names_the_right_one():
    with pytest.raises(ConfigurationError, match=r"did you mean rate_limits\.rules\[0\]\.class\?"):
        section(rules({"clas": '"sign"'}))


def test_two_rules_for_the_same_are_refused_whatever_their_limits():
    assert refusals(rules({}, {"limit": "11"})) == [
        "rate_limits.rules has two of the same class, per and window"
    ]
    assert len(section(rules({}, {"window": '"2m"'}, {"per": '"identity"'})).rules) == 3


def test_there_are_not_too_many_rules():
    many = rules(*({"window": f'"{n}s"'} for n in range(1, 66)))
    assert refusals(many) == ["rate_limits.rules has too many entries"]


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://localhost",
        "rediss://[::1]:6380/15",
        "valkey://v.internal:1/",
        "valkeys://v",
        "redis+unix:///run/redis.sock",
        "valkey+unix:///run/valkey/s",
    ],
)
def test_these_are_storages(url):
    assert section(f"storage={url}").storage == url


@pytest.mark.parametrize(
    "url",
    [
        "memory://",
        "http://127.0.0.1:6379",
        "redis",
        "redis:127.0.0.1",
        "redis://",
        "redis://:6379",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:x",
        "redis://h/db",
        "redis://h/99999",
        "redis://h/0/1",
        "redis://a b",
        "redis://h\\u0000",
        "redis+unix://run/s",
        "redis+unix:///",
        "unix:///run/s",
        "redis+cluster://h:1",
        f"redis://{'h' * 600}",
    ],
)
def test_these_are_none(url):
    assert refusals(f'storage="{url}"') == ["rate_limits.storage is no address of Redis or Valkey"]


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2@h",
        "redis://user:hunter2@h:1/0",
        "redis://user@h",
        "redis://h?password=hunter2",
        "redis://h/0?ssl_cert_reqs=none",
        "redis+unix:///run/s?password=hunter2",
        "redis://h#hunter2",
    ],
)
def test_an_address_holds_no_credentials_and_no_options(url):
    with pytest.raises(ConfigurationError) as caught:
        section(f"storage={url}")
    (problem,) = caught.value.problems
    assert (problem.key, problem.text) == ("rate_limits.storage", "holds more than an address")
    assert "storage_password" in problem.fix
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=80), st.sampled_from(["", "redis://", "redis+unix://", "rediss://["]))
def test_arbitrary_addresses_are_taken_or_refused(text, scheme):
    tables = {"rate_limits": {"storage": scheme + text}}
    try:
        found = Settings.model_validate(tables).rate_limits.storage
    except ValidationError:
        return
    assert found == scheme + text
    assert "@" not in found


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["storage_password=a"], "storage_password is for a storage, and there is none"),
        (["storage_username=a"], "storage_username is for a storage, and there is none"),
        (["storage_ca=a"], "storage_ca is for a storage, and there is none"),
        (["storage=redis://h", "storage_ca=a"], "storage_ca is for TLS"),
    ],
)
def test_what_belongs_to_a_storage_needs_one(flags, problem):
    assert refusals(*flags) == [f"rate_limits.{problem}"]


def test_tls_has_a_ca():
    assert section("storage=rediss://h", "storage_ca=/a/ca").storage_ca == Path("/a/ca")
    assert section("storage=valkeys://h", "storage_ca=/a/ca").storage_ca == Path("/a/ca")


def test_failures_have_bounds():
    assert refusals("failures.limit=0", "failures.window=0s") == [
        "rate_limits.failures.limit is out of range",
        "rate_limits.failures.window is out of range",
    ]
