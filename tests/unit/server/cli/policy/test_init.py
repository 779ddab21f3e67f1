"""``signward policy init``."""

import json
import shutil


def test_an_older_home_gets_the_starter_set_and_is_told_of_groups(home, invoke):
    before = {path.name: path.read_bytes() for path in (home / "policies").iterdir()}
    shutil.rmtree(home / "policies")
    config = home / "signward.toml"
    config.write_text(config.read_text().replace('admins = ["cn:admin"]', ""))
    done = invoke("policy", "init", "--home", home)
    assert done.exit_code == 0
    assert done.stdout == (
        f"{home}/policies/starter.cedar was written\n"
        f"{home}/policies/starter.test.yaml was written\n\n"
        f"Nobody administers yet. Say in {config} who does, such as:\n\n"
        '  [groups]\n  admins = ["cn:admin"]\n'
    )
    assert before == {path.name: path.read_bytes() for path in (home / "policies").iterdir()}


def test_it_answers_in_json(home, invoke):
    shutil.rmtree(home / "policies")
    done = invoke("policy", "init", "--home", home, "--json", "--set", "policy.folder=rules")
    assert json.loads(done.stdout) == {
        "folder": f"{home}/rules",
        "files": [f"{home}/rules/starter.cedar", f"{home}/rules/starter.test.yaml"],
        "missing_groups": [],
    }


def test_it_replaces_nothing(home, invoke):
    done = invoke("policy", "init", "--home", home)
    assert (done.exit_code, done.stderr) == (
        2,
        (
            f"signward: {home}/policies is not empty; nothing in it was touched; choose another "
            "folder, or move away what is there\n"
        ),
    )
