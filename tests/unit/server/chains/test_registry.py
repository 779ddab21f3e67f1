from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path
from typing import get_args

import pytest
import signward_server.chains
from signward_server.chains import all_chains
from signward_server.core.errors import FieldInvalid
from signward_server.core.keys import Purpose
from signward_server.core.payloads import HyperliquidPayload, OrderIntent, Payload, RawMessage

from tests.fakes.spine.references import FakeReferences
from tests.unit.server.chains.hyperliquid.keys import MAINNET, NOW
from tests.unit.server.chains.hyperliquid.samples import SAMPLES
from tests.unit.server.chains.keys import ED25519

DOCS = Path(__file__).parents[4] / "docs" / "chains"
MODULES = [
    info.name
    for info in pkgutil.walk_packages(
        signward_server.chains.__path__, prefix="signward_server.chains."
    )
]


def test_every_payload_has_a_chain():
    chains = all_chains()
    assert set(chains) == set(get_args(Payload))
    assert all(chain.payload_type is payload for payload, chain in chains.items())


def test_purposes():
    chains = all_chains()
    assert chains[RawMessage].purposes == {Purpose.RAW}
    assert chains[OrderIntent].purposes == {Purpose.RAW, Purpose.ORDER}
    assert chains[HyperliquidPayload].purposes == {Purpose.HYPERLIQUID}


def test_the_window_reaches_the_order_chain():
    order = OrderIntent("order", "BTC", True, "1", "1", 100_010)
    wide, narrow = all_chains(order_window_ms=10), all_chains(order_window_ms=9)
    assert wide[OrderIntent].decode(order, ED25519, 100_000).messages
    with pytest.raises(FieldInvalid):
        narrow[OrderIntent].decode(order, ED25519, 100_000)


def test_references_reach_the_hyperliquid_chain():
    payload = HyperliquidPayload("order", SAMPLES["order"].record)
    chain = all_chains(references=FakeReferences({("mainnet", 3): 5}))[HyperliquidPayload]
    assert chain.decode(payload, MAINNET, NOW).intent.fields["reference_px"] == 5
    alone = all_chains()[HyperliquidPayload]
    assert alone.decode(payload, MAINNET, NOW).intent.fields["has_reference"] is False


def test_the_registry_is_read_only():
    with pytest.raises(TypeError):
        all_chains()[RawMessage] = all_chains()[OrderIntent]  # type: ignore[index]


@pytest.mark.parametrize("name", MODULES)
def test_chains_import_only_core_themselves_and_pure_modules(name):
    source = Path(importlib.import_module(name).__file__ or "").read_text()
    own = ".".join(name.split(".")[:3])
    pure = {
        "__future__",
        "collections.abc",
        "dataclasses",
        "functools",
        "json",
        "ormsgpack",
        "pydantic_core",
        "re",
        "sha3",
        "types",
        "typing",
        "unicodedata",
    }
    for node in ast.walk(ast.parse(source)):
        assert not isinstance(node, ast.Import) or {a.name for a in node.names} <= pure
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            assert module in pure or module.startswith((own, "signward_server.core."))


@pytest.mark.parametrize("name", ["raw", "order", "hyperliquid"])
def test_the_example_of_the_docs_runs(name):
    (example,) = re.findall(r"```python\n(.*?)```", (DOCS / f"{name}.md").read_text(), re.DOTALL)
    assert ".verify(" in example
    exec(compile(example, f"{name}.md", "exec"), {})  # noqa: S102


def test_order_says_first_that_the_exchange_does_not_accept_it():
    claim = "the Hyperliquid exchange does not accept"
    docs = (signward_server.chains.order.__doc__, (DOCS / "order.md").read_text())
    modules = [importlib.import_module(f"signward_server.chains.order{m}") for m in ("", ".chain")]
    for text in (*docs, *(module.__doc__ for module in modules)):
        assert claim in (text or "").splitlines()[0]
