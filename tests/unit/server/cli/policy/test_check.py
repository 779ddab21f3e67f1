"""``signward policy check`` and ``schema``."""

import json
from pathlib import Path

import pytest

SCHEMA = "see `signward policy schema` for what policies can name"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "policies"
    path.mkdir(mode=0o700)
    return path


def put(folder: Path, text: str, name: str = "a.cedar") -> None:
    file = folder / name
    file.write_text(text)
    file.chmod(0o600)


def test_the_starter_set_of_a_new_home_is_fine(home, invoke):
    for arguments in (["--home", home], ["--home", home, "--strict"], [home / "policies"]):
        done = invoke("policy", "check", *arguments)
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout == f"{home}/policies is fine: 5 policies\n"


def test_the_result_comes_in_json_with_the_version_of_the_set(home, invoke):
    answer = json.loads(invoke("policy", "check", "--home", home, "--json").stdout)
    assert len(answer.pop("version")) == 64
    assert answer == {"ok": True, "problems": [], "warnings": [], "policies": 5}


def test_every_problem_has_its_place_its_policy_and_a_fix(folder, invoke):
    put(folder, 'permit(principal, action == Action::"Sing", resource);\n\n@id("x")\npermit(')
    put(folder, 'permit(principal, action == Action::"SignRaw", resource) when {\n', "b.cedar")
    done = invoke("policy", "check", folder)
    assert (done.exit_code, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.split(" ")[1].removeprefix(str(folder)) for line in lines] == [
        "/a.cedar:3",
        "/b.cedar:1",
    ]
    assert all(line.endswith(f"; {SCHEMA}") for line in lines)


def test_an_action_that_does_not_exist_is_an_error_of_its_policy(folder, invoke):
    put(folder, '\n@id("typo")\npermit(principal, action == Action::"Sing", resource);')
    done = invoke("policy", "check", folder)
    assert done.exit_code == 2
    line, *further = done.stderr.splitlines()
    assert all(": policy typo: " in other for other in further)
    assert line.startswith(f"signward: {folder}/a.cedar:2: policy typo: ")
    assert 'Action::"Sing"' in line
    answer = json.loads(invoke("policy", "check", folder, "--json").stdout)
    assert answer["ok"] is False
    assert all(set(p) == {"source", "key", "text", "fix"} for p in answer["problems"])
    assert len(answer["problems"]) == len(further) + 1


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            'forbid(principal, action == Action::"SignRaw", resource);',
            "DIR permits nothing to anybody; add a policy that starts with permit",
        ),
        ("", "DIR permits nothing to anybody; add a policy that starts with permit"),
        (
            "permit(principal, action, resource);",
            (
                "DIR/a.cedar:1: policy a.cedar#1: permits everything to everybody; "
                "say whom, what and when"
            ),
        ),
        (
            '\n@id("ops")\npermit(principal in Group::"ops", action, resource);',
            (
                "DIR/a.cedar:2: policy ops: permits every action, those of later releases "
                "included; name the actions, `action in [Action::...]`"
            ),
        ),
        (
            'permit(principal, action, resource) when { context.authentication == "certificate" };',
            (
                "DIR/a.cedar:1: policy a.cedar#1: permits every action, those of later releases "
                "included; name the actions, `action in [Action::...]`"
            ),
        ),
    ],
)
def test_what_looks_unintended_is_a_warning(folder, invoke, text, warning):
    put(folder, text)
    done = invoke("policy", "check", folder)
    assert done.exit_code == 0
    assert done.stderr.replace(str(folder), "DIR") == f"signward: warning: {warning}\n"
    strict = invoke("policy", "check", folder, "--strict")
    assert (strict.exit_code, strict.stdout) == (2, "")
    answer = json.loads(invoke("policy", "check", folder, "--json", "--strict").stdout)
    assert (answer["ok"], len(answer["warnings"])) == (False, 1)


def test_groups_are_compared_with_the_configuration(home, invoke):
    put(
        home / "policies",
        'permit(principal in Group::"ops", action == Action::"Reload", resource);',
        "ops.cedar",
    )
    done = invoke("policy", "check", "--home", home)
    assert done.exit_code == 2
    assert done.stderr == (
        f"signward: {home}/policies/ops.cedar:1: policy ops.cedar#1: names the group ops, which "
        "[groups] does not have; correct it, or add it to the configuration; `ops = []` is for "
        "nobody\n"
    )
    nobody = invoke("policy", "check", "--home", home, "--set", "groups.ops=[]")
    assert (nobody.exit_code, nobody.stderr) == (0, "")
    flags = ["--set", 'groups.ops=["cn:ops", "apikey:x", "dns:ops.local"]']
    done = invoke("policy", "check", "--home", home, *flags)
    assert done.stderr == (
        "signward: warning: configuration: groups.ops has the member dns:ops.local, but "
        "tls.identity is cn; write the other kind\n"
    )
    assert invoke("policy", "check", home / "policies").stderr == ""


def test_what_others_may_change_counts_where_a_daemon_reads_it(home, invoke):
    (home / "policies/starter.cedar").chmod(0o666)
    done = invoke("policy", "check", "--home", home)
    assert done.exit_code == 2
    assert "has mode 0666, so that others can change it" in done.stderr
    assert invoke("policy", "check", home / "policies").exit_code == 0


def test_a_home_without_policies_is_told_how_to_get_some(home, invoke):
    for path in (home / "policies").iterdir():
        path.unlink()
    (home / "policies").rmdir()
    done = invoke("policy", "check", "--home", home)
    assert (done.exit_code, done.stderr) == (
        2,
        (
            f"signward: {home}/policies is not there; run `signward policy init`, or set "
            "policy.folder to a folder of policies\n"
        ),
    )


def test_the_schema_names_every_action_and_field(invoke):
    done = invoke("policy", "schema")
    assert done.exit_code == 0
    for word in ("action SignOrder in [SignTrade]", "action Reload", '"notional": Long', "tags"):
        assert word in done.stdout
    assert json.loads(invoke("policy", "schema", "--json").stdout) == {"schema": done.stdout}
