"""Caps from their section."""

from __future__ import annotations

from pathlib import Path

import pytest
from signward_server.config import ConfigurationError, Settings, load
from signward_server.limits.no_caps import NoCaps
from signward_server.store import open_store
from signward_server.wiring.caps import build_caps
from sqlalchemy import text

from tests.fakes.meter import FakeMeter
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock
from tests.faults.spender import Accounts

CAP = '[caps.daily]\nmeasure = "count"\nactions = ["SignRaw"]\nwindow = "24h"\nper = "key"\n'


def settings(folder: Path, text: str) -> Settings:
    file = folder / "signward.toml"
    file.write_text(text)
    return load(file, environment={})


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "store" / "signward.db", SteppedClock())
    yield store
    store.close()


def boots(store) -> list[str]:
    with store._durable.begin() as connection:
        rows = connection.execute(text("SELECT name FROM meta WHERE name LIKE 'boot:%'"))
        return [row.name for row in rows]


def build(tmp_path, store, cap, **options):
    known = settings(tmp_path, cap)
    return build_caps(known, store, HmacRows(), Accounts(), FakeMeter(), **options)


def test_without_any_nothing_is_counted_or_written(tmp_path, store):
    assert isinstance(build(tmp_path, store, ""), NoCaps)
    assert boots(store) == []


def test_they_count_what_the_section_says(tmp_path, store):
    boot = tmp_path / "boot_id"
    boot.write_text("1f2e-boot\n")
    caps = build(tmp_path, store, CAP, boot_id=boot)
    assert caps.actions == {"SignRaw"}
    assert boots(store) == ["boot:1f2e-boot"]


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_where_nobody_knows_which_start_it_is_none_is_remembered(tmp_path, store, content):
    boot = tmp_path / "boot_id"
    if content is not None:
        boot.write_bytes(content)
    assert build(tmp_path, store, CAP, boot_id=boot).actions == {"SignRaw"}
    assert boots(store) == []


def test_this_machine_says_which_start_it_is(tmp_path, store):
    build(tmp_path, store, CAP)
    assert len(boots(store)) == 1


def test_what_cannot_be_counted_is_refused(tmp_path, store):
    with pytest.raises(ConfigurationError):
        build(tmp_path, store, CAP.replace("SignRaw", "SignRow"))
