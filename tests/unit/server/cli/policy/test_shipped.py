"""Every set of policies that is shipped is sound, passes its table, and goes with the others."""

import shutil
import tomllib
from pathlib import Path

import pytest
from signward_server.chains import all_chains
from signward_server.core.payloads import HyperliquidPayload
from signward_server.home.starter_policies import write_starter

FOLDER = Path(__file__).parents[5] / "deploy" / "policies" / "hyperliquid"
SETS = sorted(folder for folder in FOLDER.iterdir() if folder.is_dir())


def test_all_five_are_there_and_described():
    names = [folder.name for folder in SETS]
    assert names == [
        "agent_only",
        "cancel_only",
        "market_maker",
        "taker_daily_cap",
        "withdraw_pinned",
    ]
    described = (FOLDER / "README.md").read_text()
    assert all(f"\n## {name}\n" in described for name in names)


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_a_set_is_sound_and_its_table_passes(folder, invoke):
    configuration = ("--config", str(folder / "signward.toml"))
    checked = invoke("policy", "check", str(folder), "--strict", *configuration)
    assert (checked.exit_code, checked.stderr) == (0, "")
    tested = invoke("policy", "test", str(folder), "--verbose", *configuration)
    assert tested.exit_code == 0, tested.stdout
    table = folder / f"{folder.name}.test.yaml"
    cases = table.read_text().count("- name:")
    assert tested.stdout.endswith(f"{cases} passed, 0 failed, in 1 table\n")


def test_all_of_them_go_together_with_the_starter_set(tmp_path, invoke):
    policies, groups, caps = tmp_path / "policies", "", ""
    write_starter(policies)
    for folder in SETS:
        for file in (*folder.glob("*.cedar"), *folder.glob("*.test.yaml")):
            shutil.copy(file, policies)
        text = (folder / "signward.toml").read_text()
        document = tomllib.loads(text)
        groups += "".join(f"{name} = []\n" for name in document["groups"])
        caps += text[text.index("[caps.") :] if "caps" in document else ""
    configuration = tmp_path / "signward.toml"
    configuration.write_text(f"[groups]\nadmins = []\n{groups}\n{caps}")
    place = (str(policies), "--config", str(configuration))
    assert invoke("policy", "check", *place, "--strict").exit_code == 0
    tested = invoke("policy", "test", *place)
    assert tested.exit_code == 0, tested.stdout


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_s07_no_set_permits_what_is_not_its_point(folder):
    permits = [
        part
        for part in (folder / f"{folder.name}.cedar").read_text().split(";")
        if "permit (" in part
    ]
    kinds = {kind.name: kind for kind in all_chains()[HyperliquidPayload].actions}
    permitted = {name for name in kinds for part in permits if f'"{name}"' in part}
    restricted = {name for name in permitted if kinds[name].restricted}
    point = {"SignHyperliquidWithdraw"} if folder.name == "withdraw_pinned" else set()
    assert restricted == point
    assert not any("action in Action::" in part or "action,\n" in part for part in permits)
