"""What docs/chains/hyperliquid.md says is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from signward_server.chains.hyperliquid import NoReferences
from signward_server.chains.hyperliquid.kind import COMMON_FIELDS, Setting
from signward_server.chains.hyperliquid.kinds import KINDS
from signward_server.chains.hyperliquid.kinds.json import UNKNOWN
from signward_server.chains.hyperliquid.orders import ORDER_FIELDS
from signward_server.chains.hyperliquid.reader import Reader

PAGE = (Path(__file__).parents[5] / "docs" / "chains" / "hyperliquid.md").read_text()


def test_the_table_names_every_kind_with_its_action_and_fields() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.*?) \| .*? \| `(\w+)` \| (.*?) \| (.*) \|$", PAGE, re.MULTILINE
    )
    kinds = [*KINDS.values(), UNKNOWN]
    assert [row[0] for row in rows] == [kind.name for kind in kinds]
    for (_, wire, action, group, cell), kind in zip(rows, kinds, strict=True):
        assert wire == (f"`{kind.wire}`" if kind.wire else "none")
        assert f"SignHyperliquid{action}" == kind.action.name
        expected = next(
            iter(kind.action.groups), "restricted" if kind.action.restricted else "none"
        )
        assert group == expected
        fields = set(re.findall(r"`(\w+)`", cell)) | set(COMMON_FIELDS)
        if "*order*" in cell:
            fields |= set(ORDER_FIELDS)
        assert fields == set(kind.action.fields)


def test_every_field_is_explained() -> None:
    fields = {name for kind in [*KINDS.values(), UNKNOWN] for name in kind.action.fields}
    explained = set(re.findall(r"`(\w+)`", PAGE))
    assert fields <= explained


def test_the_kind_of_the_page_is_one() -> None:
    (source,) = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)
    found: dict[str, Any] = {}
    exec(compile(source, "set_referrer.py", "exec"), found)  # noqa: S102
    kind = found["SET_REFERRER"]
    setting = Setting.of("mainnet", 0, "", 0, 0, NoReferences(), KINDS)
    built = kind.build(Reader({"code": "x"}, "p"), setting)
    assert built.wire == {"type": "setReferrer", "code": "x"}
    assert built.intents[0].action == "SignHyperliquidSetReferrer"
    assert set(built.intents[0].fields) == set(kind.action.fields)
    assert kind.record(built.wire) == {"code": "x"}
