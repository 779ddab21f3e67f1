"""The guide to policies: every policy, table and answer in it is what the commands say."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from signward_server.chains import all_chains
from signward_server.core.actions import RPC_ACTIONS, ActionGroup
from signward_server.policy.schema import schema_text

GUIDE = Path(__file__).parents[5] / "docs" / "policy.md"
TEXT = GUIDE.read_text("utf-8")
_FILE = re.compile(r"(?ms)^`(policies/[a-z.-]+)`\n\n```(?:cedar|yaml)\n(.*?)^```$")
_COMMAND = re.compile(r"(?ms)^```console\n\$ signward (.*?)\n(.*?)^```$")


@dataclass(frozen=True)
class Situation:
    """A chapter with its files and its commands with their output."""

    title: str
    files: dict[str, str]
    commands: list[tuple[str, str]]


def situations() -> list[Situation]:
    chapters = re.split(r"^(?=#+ )", TEXT, flags=re.MULTILINE)
    return [
        Situation(
            chapter.split("\n", 1)[0], dict(_FILE.findall(chapter)), _COMMAND.findall(chapter)
        )
        for chapter in chapters
        if re.match(r"### \d\. ", chapter)
    ]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "policies").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_five_situations_with_policies_a_table_and_an_answer():
    assert len(situations()) == 5
    for situation in situations():
        assert sorted(name.split(".", 1)[1] for name in situation.files) == ["cedar", "test.yaml"]
        assert situation.commands


@pytest.mark.parametrize("situation", situations(), ids=lambda situation: situation.title)
def test_what_a_situation_shows_is_so(situation, folder, invoke):
    for name, content in situation.files.items():
        (folder / name).write_text(content)
    checked = invoke("policy", "check", "policies", "--strict")
    assert (checked.exit_code, checked.stderr) == (0, "")
    tested = invoke("policy", "test", "policies", "--verbose")
    assert tested.exit_code == 0, tested.stdout
    cases = sum(content.count("- name:") for content in situation.files.values())
    assert tested.stdout.endswith(f"{cases} passed, 0 failed, in 1 table\n")
    for command, output in situation.commands:
        shown = invoke(*shlex.split(command))
        assert shown.stdout == output
        assert shown.exit_code == (0 if output.startswith("allowed\n") else 1)


def test_all_situations_together_are_one_valid_set(folder, invoke):
    for situation in situations():
        for name, content in situation.files.items():
            (folder / name).write_text(content)
    assert invoke("policy", "check", "policies", "--strict").exit_code == 0


def test_the_reference_names_every_action_group_and_attribute():
    signing = [kind for chain in all_chains().values() for kind in chain.actions]
    names = [kind.name for kind in (*RPC_ACTIONS, *signing)] + [g.value for g in ActionGroup]
    names += [field for kind in signing for field in kind.fields]
    names += re.findall(r"^    ?(\w+)\??: ", schema_text((*RPC_ACTIONS, *signing)), re.MULTILINE)
    reference = TEXT[TEXT.index("\n## Reference") :]
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`", reference))))
    assert sorted(set(names) - words - {"principal", "resource", "context"}) == []
