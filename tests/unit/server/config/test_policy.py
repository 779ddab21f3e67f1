"""Where policies lie, and which identities belong together."""

from pathlib import Path

import pytest
from signward_server.config import ConfigurationError, load
from signward_server.core.identity import Identity, IdentityKind


def groups(*flags: str, **environment: str):
    return load(None, environment=environment, flags=flags).groups.members


def refusals(*flags: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(None, environment={}, flags=flags)
    return [f"{problem.key} {problem.text}" for problem in caught.value.problems]


def test_policies_lie_beside_the_configuration(tmp_path):
    file = tmp_path / "signward.toml"
    file.write_text('[policy]\nfolder = "rules"\n')
    assert load(file, environment={}).policy.folder == tmp_path / "rules"
    assert load(None, environment={}).policy.folder == Path.cwd() / "policies"


def test_there_are_no_groups_unless_somebody_makes_them():
    assert groups() == {}


def test_members_are_typed_identities():
    assert groups('groups.ops=["cn:ops", "spiffe://prod/a", "dns:a.b", "apikey:back-end"]') == {
        "ops": (
            Identity(IdentityKind.CN, "ops"),
            Identity(IdentityKind.SPIFFE, "//prod/a"),
            Identity(IdentityKind.DNS, "a.b"),
            Identity(IdentityKind.API_KEY, "back-end"),
        )
    }


def test_a_group_can_be_empty():
    assert groups("groups.ops=[]") == {"ops": ()}


def test_a_later_source_replaces_a_group_and_leaves_the_others(tmp_path):
    file = tmp_path / "signward.toml"
    file.write_text('[groups]\na = ["cn:a"]\n"b.c" = ["cn:b"]\n')
    environment = {"SIGNWARD_GROUPS__A": '["cn:x"]', "SIGNWARD_GROUPS__D-1": '["cn:d"]'}
    found = load(file, environment=environment).groups.members
    assert {name: sorted(map(str, who)) for name, who in found.items()} == {
        "a": ["cn:x"],
        "b.c": ["cn:b"],
        "d-1": ["cn:d"],
    }


@pytest.mark.parametrize(
    "name", ["A", "-a", "a-", ".a", "a b", "ä", "a\n", "a" * 65, "__expr", '"', "a/b", "a:b"]
)
def test_a_group_has_a_plain_name(tmp_path, name):
    quoted = name.replace('"', '\\"').replace("\n", "\\n")
    (line,) = refusals(f'groups={{"{quoted}" = ["cn:a"]}}')
    assert line.endswith(" is no name for a group")


@pytest.mark.parametrize(
    "text", ["admin", "cn:", "cn:a\\u0000b", "CN:a", "spiffe://prod", "spiffe:prod/x", "dns:A", ""]
)
def test_what_is_no_identity_is_refused_with_its_position(text):
    assert refusals(f'groups.ops=["cn:a", "{text}"]') == ["groups.ops[1] is no identity"]


@pytest.mark.parametrize(
    ("flag", "line"),
    [
        ('groups.ops="cn:a"', "groups.ops is not a list"),
        ("groups.ops=[3]", "groups.ops[0] is not text"),
        ("groups.ops.inner=[]", "groups.ops is not a list"),
        ("groups=[]", "groups is not a table"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(flag, line):
    assert refusals(flag) == [line]


def test_all_problems_of_groups_are_reported_at_once():
    assert refusals('groups={A = ["cn:a"], b = ["x", "cn:b", "y"]}') == [
        "groups.A is no name for a group",
        "groups.b[0] is no identity",
        "groups.b[2] is no identity",
    ]


def test_groups_and_members_are_bounded():
    many = ", ".join(f"g{number} = []" for number in range(1001))
    assert refusals(f"groups={{{many}}}") == ["groups has too many entries"]
    members = ", ".join('"cn:a"' for _ in range(50_000))
    assert groups(f"groups={{a = [{members}], b = [{members}]}}").keys() == {"a", "b"}
    assert refusals(f'groups={{a = [{members}], b = [{members}, "cn:b"]}}') == [
        "groups has too many entries"
    ]
