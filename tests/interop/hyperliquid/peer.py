"""Implementation B: @nktkas/hyperliquid with the wallet of ethers, in one process of Node."""

from __future__ import annotations

import itertools
import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.interop.hyperliquid.cases import KNOWN_L1, USER_SIGNED, Action, Case, Said, posted_inside
from tests.interop.hyperliquid.signed import Signed
from tests.running.homes import ROOT

__all__ = ["Answer", "Peer", "ensure_installed"]

_MODULES = ROOT / "build" / "tools" / "node"
_PROGRAM = Path(__file__).parent / "node" / "sign.mjs"
_SAFE = 2**53 - 1
_PATIENCE = 60.0  # seconds
# Its method writes the signers of convertToMultiSigUser without spaces, and signs that.
_METHODS = (KNOWN_L1 | USER_SIGNED) - {"convertToMultiSigUser"}
Answer = tuple[Signed, str]
"""What it signed, and whether by its own method (``api``) or as it was (``plain``)."""


def ensure_installed() -> None:
    """Skip the test where Node is not installed; fail it where only the library is not."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed: @nktkas/hyperliquid is NOT COMPARED WITH here")
    if not (_MODULES / "node_modules").exists():
        pytest.fail("build/tools/node is empty: run `make tools`")


class Peer:
    """The process; use it as a context.

    Args:
        modules: The folder that holds ``node_modules``.
    """

    def __init__(self, modules: Path = _MODULES) -> None:
        node = shutil.which("node") or "node"
        self._process = subprocess.Popen(
            [node, str(_PROGRAM), str(modules)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ) | {"NODE_OPTIONS": ""},
        )  # fmt: skip
        self._ids = itertools.count()
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._reader.join(timeout=20)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def ask(self, cases: Sequence[Case]) -> list[int]:
        """Send cases and return the numbers of their answers."""
        assert self._process.stdin is not None
        numbers = [next(self._ids) for _ in cases]
        for number, case in zip(numbers, cases, strict=True):
            self._process.stdin.write(json.dumps(_request(number, case)) + "\n")
        self._process.stdin.flush()
        return numbers

    def hear(self, numbers: Sequence[int], cases: Sequence[Case]) -> list[Answer]:
        """Return the answers to these numbers."""
        found: dict[int, Any] = {}
        while len(found) < len(numbers):
            answer = json.loads(self._lines.get(timeout=_PATIENCE), object_hook=_revived)
            found[answer["id"]] = answer
        return [_answer(found[number], case) for number, case in zip(numbers, cases, strict=True)]

    def _read(self) -> None:
        """Read along, so that neither side waits for the other one to read."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)


def _request(number: int, case: Case) -> Mapping[str, Any]:
    keys = case.keys
    if case.share is not None:  # who submits, and who signs
        keys = (case.keys[0], case.keys[case.share])
    request: dict[str, Any] = {
        "id": number,
        "action": _sent(case.action),
        "said": _sent(case.action, said=True),
        "keys": keys,
        "testnet": not case.mainnet,
        "nonce": case.nonce,
        "share": case.share is not None,
        "plain": case.action["type"] not in _METHODS or _misread(case.action),
    }
    if case.vault:
        request["vault"] = case.vault
    if case.expires_after:
        request["expiresAfter"] = case.expires_after
    if case.multi_sig_user:
        request |= {
            "multiSigUser": case.multi_sig_user,
            "inside": _sent(posted_inside(case.action)),
        }
    return request


def _misread(action: Action) -> bool:
    """Return whether its method takes a client order id of many zeros for an order's number."""
    targets = [
        one.get("oid") for one in [action, *action.get("modifies", [])] if isinstance(one, dict)
    ]
    return any(isinstance(target, str) and int(target, 16) <= _SAFE for target in targets)


def _sent(part: Any, *, said: bool = False) -> Any:
    """Return JSON with integers that Node would round in a form of their own."""
    if isinstance(part, dict):
        return {key: _sent(inner, said=said) for key, inner in part.items()}
    if isinstance(part, list):
        return [_sent(inner, said=said) for inner in part]
    if isinstance(part, int) and not -_SAFE <= part <= _SAFE:
        return {"$int": str(part)}
    return part.said if said and isinstance(part, Said) else part


def _revived(found: dict[str, Any]) -> Any:
    return int(found["$int"]) if "$int" in found else found


def _answer(answer: Mapping[str, Any], case: Case) -> Answer:
    assert "error" not in answer, answer["error"]
    signature, hashed, action = answer["signature"], int(answer["hash"], 16), answer["action"]
    if case.share is not None:
        one = action["signatures"][1]
        return Signed(int(one["r"], 16), int(one["s"], 16), one["v"], hashed), answer["via"]
    signed = Signed(
        int(signature["r"], 16), int(signature["s"], 16), signature["v"], hashed, action
    )
    return signed, answer["via"]
