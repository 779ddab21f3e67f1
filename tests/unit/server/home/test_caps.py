"""Caps, checked against what can be signed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.config import ConfigurationError, Settings, load
from signward_server.core.caps import CapScope
from signward_server.home.caps import caps_of, check_caps
from signward_server.home.policies import all_kinds

CAP = """[caps.{name}]
measure = "{measure}"
actions = {actions}
window = "24h"
per = "account"
"""


def settings(folder: Path, *caps: tuple[str, str, list[str]]) -> Settings:
    file = folder / "signward.toml"
    text = (CAP.format(name=n, measure=m, actions=str(a).replace("'", '"')) for n, m, a in caps)
    file.write_text("".join(text))
    return load(file, environment={})


def test_caps_come_in_order_of_name(tmp_path):
    known = settings(tmp_path, ("b", "count", ["SignRaw", "SignOrder"]), ("a", "sz", ["SignOrder"]))
    first, second = caps_of(known)
    assert (first.name, second.name) == ("a", "b")
    assert first.actions == {"SignOrder"}
    assert first.window == timedelta(days=1)
    assert first.per is CapScope.ACCOUNT
    assert check_caps(known) == []
    windows = {kind.name: kind.windows for kind in all_kinds((first, second)) if kind.windows}
    assert windows == {"SignOrder": ("a", "b"), "SignRaw": ("b",)}


def test_whatever_a_cap_cannot_count_is_named(tmp_path):
    known = settings(tmp_path, ("a", "coin", ["SignOrder"]), ("b", "count", ["GetKey", "SignNo"]))
    with pytest.raises(ConfigurationError) as raised:
        caps_of(known)
    assert check_caps(known) == list(raised.value.problems)
    assert [f"{each.key} {each.text}" for each in raised.value.problems] == [
        "caps.a counts SignOrder, which has no number coin",
        "caps.b counts GetKey, which is no action that signs",
        "caps.b counts SignNo, which is no action that signs",
    ]


def test_without_any_there_are_none(tmp_path):
    assert caps_of(settings(tmp_path)) == ()
