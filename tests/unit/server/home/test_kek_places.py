"""Where KEKs are, and how one takes the place of another in steps that can be done again."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.kek_places import KekPlace, Plan, PlanFile
from signward_server.home.kek_switching import retire_needed, switch

OLD = b"o" * 16
TEXT = """\
[custody.envelope]
kek = "kek"  # the file
locked_memory = "1MiB"

[audit]
kek = "not this one"
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "signward.toml"
    file.write_text(TEXT)
    file.chmod(0o600)
    return file


def names(folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_text() for path in folder.iterdir() if path.name != "signward.toml"
    }


def test_a_place_says_where_drafts_and_old_keks_go(tmp_path: Path) -> None:
    place = KekPlace("file", tmp_path / "kek")
    assert place.draft.path.name == "kek.new"
    assert place.retired(OLD).name == f"kek.retired-{OLD.hex()}"
    assert place.needed(OLD).name == f"kek.needed-{OLD.hex()}"
    assert place.beside("file", tmp_path / "elsewhere") == place
    assert place.beside("passphrase", tmp_path / "elsewhere") == KekPlace(
        "passphrase", tmp_path / "kek.passphrase"
    )
    credential = KekPlace("credential", tmp_path / "name")
    assert not credential.is_file
    assert credential.beside("file", tmp_path / "home").path == tmp_path / "home" / "kek"


def test_a_plan_is_remembered_relative_to_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    outside = KekPlace("file", Path("/etc/signward/kek"))
    plan = Plan(KekPlace("file", home / "kek"), KekPlace("passphrase", home / "kek.passphrase"))
    file = PlanFile(home)
    assert file.read() is None
    file.write(plan)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert file.read() == plan
    file.write(Plan(outside, plan.target))
    moved = home.rename(tmp_path / "moved")
    assert PlanFile(moved).read() == Plan(outside, KekPlace("passphrase", moved / "kek.passphrase"))
    PlanFile(moved).forget()
    PlanFile(moved).forget()
    assert PlanFile(moved).read() is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"source": ["file"], "target": ["file", "kek"]}',
        '{"source": ["tape", "kek"], "target": ["file", "kek"]}',
        '{"source": ["file", 1], "target": ["file", "kek"]}',
        "[" * 100_000,
    ],
)
def test_a_plan_that_nobody_wrote_is_refused(tmp_path: Path, content: str) -> None:
    file = PlanFile(tmp_path)
    file.path.write_text(content)
    with pytest.raises(ConfigurationRefused, match=r"kek\.rotation cannot be used"):
        file.read()
    file.path.write_text('{"source": ["file", "a"], "target": ["file", "b"]}')
    file.path.chmod(0o666)
    with pytest.raises(ConfigurationRefused, match=r"kek\.rotation cannot be used"):
        file.read()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_new_file_takes_the_old_ones_place(
    tmp_path: Path, configuration: Path, *, damaged: bool
) -> None:
    place = KekPlace("file", tmp_path / "kek")
    place.path.write_text("old")
    place.draft.path.write_text("new")
    for _ in range(2):
        aside = switch(Plan(place, place), OLD, configuration, damaged=damaged)
        name = f"kek.{'needed' if damaged else 'retired'}-{OLD.hex()}"
        assert names(tmp_path) == {"kek": "new", name: "old"}
        assert aside == tmp_path / name
    assert configuration.read_text() == TEXT


def test_after_a_crash_between_link_and_rename_it_goes_on(
    tmp_path: Path, configuration: Path
) -> None:
    place = KekPlace("file", tmp_path / "kek")
    place.path.write_text("old")
    place.draft.path.write_text("new")
    place.retired(OLD).hardlink_to(place.path)
    switch(Plan(place, place), OLD, configuration, damaged=False)
    assert names(tmp_path) == {"kek": "new", place.retired(OLD).name: "old"}


def test_a_kek_that_comes_from_elsewhere_is_named_in_the_configuration(
    tmp_path: Path, configuration: Path
) -> None:
    source = KekPlace("file", tmp_path / "kek")
    target = source.beside("passphrase", tmp_path)
    source.path.write_text("old")
    target.draft.path.write_text("new")
    for _ in range(2):
        switch(Plan(source, target), OLD, configuration, damaged=False)
        assert names(tmp_path) == {"kek.passphrase": "new", source.retired(OLD).name: "old"}
    assert configuration.read_text() == TEXT.replace(
        'kek = "kek"  # the file', 'kek_source = "passphrase"\nkek = "kek.passphrase"'
    ).replace("[custody.envelope]\n", "[custody.envelope]\n", 1)
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600


def test_what_is_in_the_way_is_not_replaced(tmp_path: Path, configuration: Path) -> None:
    source = KekPlace("file", tmp_path / "kek")
    target = source.beside("passphrase", tmp_path)
    for path, text in ((source.path, "old"), (target.draft.path, "new"), (target.path, "mine")):
        path.write_text(text)
    with pytest.raises(FileExistsError):
        switch(Plan(source, target), OLD, configuration, damaged=False)
    assert target.path.read_text() == "mine"
    assert configuration.read_text() == TEXT


def test_a_credential_is_named_and_nothing_is_renamed(tmp_path: Path, configuration: Path) -> None:
    source = KekPlace("credential", tmp_path / "one")
    target = KekPlace("credential", tmp_path / "two")
    assert switch(Plan(source, target), OLD, configuration, damaged=False) is None
    assert names(tmp_path) == {}
    assert 'kek_source = "credential"\nkek = "two"' in configuration.read_text()
    assert retire_needed(source, OLD) is None


def test_a_kek_that_was_needed_retires(tmp_path: Path) -> None:
    place = KekPlace("file", tmp_path / "kek")
    place.needed(OLD).write_text("old")
    for _ in range(2):
        assert retire_needed(place, OLD) == place.retired(OLD)
        assert names(tmp_path) == {place.retired(OLD).name: "old"}
