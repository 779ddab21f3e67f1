"""The package is useful without the exchange's SDK, and says what it has."""

from __future__ import annotations

import subprocess
import sys

import pytest
import signward.hyperliquid

_WITHOUT = """
import sys
for name in ("hyperliquid", "eth_account", "requests", "msgpack"):
    sys.modules[name] = None
import signward
from signward.aio.hyperliquid import Signer
from signward.hyperliquid import Signer, hyperliquid_payload, read_body
print(signward.hyperliquid_request("k", {"type": "noop"}).hyperliquid.WhichOneof("action"))
try:
    from signward.hyperliquid import SignwardExchange
except ModuleNotFoundError as error:
    print(error.name.partition(".")[0])
"""


def test_only_the_sdks_class_needs_the_sdk():
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["noop", "hyperliquid"]


def test_every_public_name_is_there():
    assert dir(signward.hyperliquid) == signward.hyperliquid.__all__
    for name in signward.hyperliquid.__all__:
        assert getattr(signward.hyperliquid, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = signward.hyperliquid.other
