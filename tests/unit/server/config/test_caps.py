"""The section of caps."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.config import ConfigurationError, Settings, load
from signward_server.config.render import as_lines, as_toml

CAP = 'measure = "notional"\nactions = ["SignOrder"]\nwindow = "24h"\nper = "identity"\n'
DAILY = f"[caps.daily]\n{CAP}"


def loaded(folder: Path, text: str, *flags: str, **environment: str) -> Settings:
    file = folder / "signward.toml"
    file.write_text(text)
    return load(file, environment=environment, flags=flags)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        loaded(folder, text)
    return "\n".join(map(str, raised.value.problems))


def test_there_are_none_by_default(tmp_path):
    assert loaded(tmp_path, "").caps.rules == {}


def test_caps_have_names_of_ones_own(tmp_path):
    rules = loaded(tmp_path, DAILY + DAILY.replace("daily", "d_2").replace("24h", "1s")).caps.rules
    assert list(rules) == ["daily", "d_2"]
    assert rules["daily"].actions == ("SignOrder",)
    assert (rules["daily"].measure, rules["daily"].per) == ("notional", "identity")
    assert rules["daily"].window == timedelta(hours=24)


def test_variables_and_flags_set_them_too(tmp_path):
    settings = loaded(tmp_path, DAILY, "caps.daily.per=key", SIGNWARD_CAPS__DAILY__WINDOW="1h")
    rule = settings.caps.rules["daily"]
    assert (rule.per, rule.window) == ("key", timedelta(hours=1))


def test_what_is_shown_reads_back(tmp_path):
    settings = loaded(tmp_path, DAILY)
    shown = tomllib.loads(as_lines(settings))["caps"]
    assert shown == {
        "daily": {
            "measure": "notional",
            "actions": ["SignOrder"],
            "window": "24h",
            "per": "identity",
        }
    }


def test_a_new_file_shows_one_that_is_valid(tmp_path):
    (example,) = [
        line.removeprefix("# For example: ")
        for line in as_toml({}).splitlines()
        if line.startswith("# For example: daily")
    ]
    assert "daily" in loaded(tmp_path, f"[caps]\n{example}\n").caps.rules


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("caps.daily", "caps.Daily", "caps.Daily is no name for a cap; use 1 to 64 of a-z 0-9 _"),
        ("24h", "900ms", 'caps.daily.window is out of range; use "1s" to "366d"'),
        ("identity", "bot", "caps.daily.per is not one of the choices"),
        ('["SignOrder"]', "[]", "caps.daily.actions is empty"),
        ('["SignOrder"]', '["Sign-Order"]', "caps.daily.actions[0] has the wrong form"),
        ('"notional"', '"a b"', "caps.daily.measure has the wrong form"),
        ('measure = "notional"\n', "", "caps.daily.measure is missing"),
        ("measure", "measures", "did you mean caps.daily.measure?"),
    ],
)
def test_what_is_wrong_is_named_with_the_fix(tmp_path, old, new, told):
    assert told in refused(tmp_path, DAILY.replace(old, new))


def test_there_are_at_most_64(tmp_path):
    many = "".join(f"[caps.c{n}]\n{CAP}" for n in range(65))
    assert "caps has too many entries; use at most 64" in refused(tmp_path, many)
