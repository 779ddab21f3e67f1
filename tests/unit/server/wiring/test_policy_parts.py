"""Policies and groups that are read again: never a group that nobody configured."""

from __future__ import annotations

from pathlib import Path

import pytest
from signward_server.config import ConfigurationError, load
from signward_server.home.policies import load_policies
from signward_server.policy.engine import CedarPolicy
from signward_server.policy.groups import Groups
from signward_server.wiring.parts import GroupsPart, PolicyPart, SettingsSource

from tests.fakes.meter import FakeMeter
from tests.fakes.spine.clock import MovingClock

OPS = '@id("ops") permit(principal in Group::"ops", action == Action::"Reload", resource);\n'
FORBID = '@id("f") forbid(principal in Group::"suspended", action, resource);\n'


class Bench:
    """A folder of policies, a configuration, and the parts that read them."""

    def __init__(self, path: Path) -> None:
        self._file, self.folder = path / "signward.toml", path / "policies"
        self.folder.mkdir(mode=0o700)
        self.groups("ops = ['cn:ops']")
        self.policies(OPS)
        source = SettingsSource(lambda: load(self._file, environment={}), self._file)
        groups = Groups(source.load().groups.members)
        self.engine = CedarPolicy(load_policies(self.folder), groups, MovingClock(), FakeMeter())
        self.policy_part = PolicyPart(self.engine, self.folder, source)
        self.groups_part = GroupsPart(self.engine, self.folder, source)

    def groups(self, text: str) -> None:
        self._file.write_text(f"[groups]\n{text}\n")

    def policies(self, text: str) -> None:
        file = self.folder / "a.cedar"
        file.write_text(text)
        file.chmod(0o600)

    @property
    def in_force(self) -> tuple[list[str], list[str]]:
        return sorted(self.engine.policies.policies), sorted(self.engine.groups.names)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_policy_of_an_unknown_group_is_refused_by_name(bench: Bench) -> None:
    bench.policies(OPS + FORBID)
    before = bench.engine.generation
    with pytest.raises(ConfigurationError) as raised:
        bench.policy_part.load()
    (problem,) = raised.value.problems
    assert str(problem) == (
        f"{bench.folder}/a.cedar:2: policy f: names the group suspended, which [groups] does not "
        "have; correct it, or add it to the configuration; `suspended = []` is for nobody"
    )
    assert bench.engine.generation is before


def test_a_group_that_a_policy_names_does_not_go(bench: Bench) -> None:
    bench.groups("others = ['cn:ops']")
    with pytest.raises(ConfigurationError, match="names the group ops"):
        bench.groups_part.load()
    assert bench.in_force == (["ops"], ["ops"])


def test_an_empty_group_is_known(bench: Bench) -> None:
    bench.groups("ops = []")
    bench.groups_part.load()
    bench.policy_part.load()
    assert bench.in_force == (["ops"], ["ops"])


@pytest.mark.parametrize("first", ["policy_part", "groups_part"])
def test_a_policy_and_its_group_come_and_go_together(bench: Bench, first: str) -> None:
    second = {"policy_part": "groups_part", "groups_part": "policy_part"}[first]
    for policies, groups, expected in (
        (OPS + FORBID, "ops = []\nsuspended = []", (["f", "ops"], ["ops", "suspended"])),
        (FORBID, "suspended = []", (["f"], ["suspended"])),
    ):
        bench.policies(policies)
        bench.groups(groups)
        for part in (first, second):
            getattr(bench, part).load()
            assert bench.engine.policies.groups <= bench.engine.groups.names
        assert bench.in_force == expected
