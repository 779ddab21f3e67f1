"""What docs/hyperliquid.md says to type, typed; and what it says of Python, run."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from signward import PermissionDenied

from tests.running.homes import ROOT
from tests.running.shell import TOOLS, typed, with_our_environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

_PAGE = (ROOT / "docs" / "hyperliquid.md").read_text("utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short-named folder with our environment and the examples."""
    made = Path(tempfile.mkdtemp(prefix="signward-"))
    (made / "client").symlink_to(ROOT / "client")
    yield with_our_environment(made)
    shutil.rmtree(made)


def test_ten_minutes(folder: Path) -> None:
    install, key, policy, signature, refused, bot, grpcurl = _blocks("sh")
    denied = "\n".join(f"! {line}" for line in refused.replace("\\\n", "").splitlines())
    steps = [
        'trap "kill %1; wait %1" EXIT', install, key, policy, signature, denied, bot,
    ]  # fmt: skip
    if (TOOLS / "grpcurl").exists():
        steps.append(grpcurl)
    finished = typed("\n".join(steps), folder)
    assert finished.returncode == 0, finished.stderr[-2000:]
    said = finished.stdout
    assert re.search(r"^0x[0-9a-fA-F]{40}$", said, re.MULTILINE)
    assert '"tif":"Gtc"' in said
    assert "valid: made by version 1\n" in said
    assert "not allowed: POLICY_DENIED\n" in said
    assert "denied by orders-expire-within-a-minute" in finished.stderr
    assert re.search(r"^  filled: (bought|sold) [0-9.]+ ETH at [0-9.]+$", said, re.MULTILINE)
    [shown] = [block for block in _blocks("") if block.startswith("what the policies say")]
    assert shown in said
    if (TOOLS / "grpcurl").exists():
        assert '"postBody"' in said or '"post_body"' in said


def test_the_demos_policies_are_those_of_the_page() -> None:
    demo = (ROOT / "client" / "examples" / "hyperliquid_demo.cedar").read_text("utf-8")
    assert demo.partition("\n\n")[2] in _PAGE


@pytest.fixture
def names(desk: Any) -> dict[str, Any]:
    """What stands before the examples."""
    from hyperliquid.utils import constants

    names = {"now_ms": lambda: time.time_ns() // 1_000_000, "constants": constants}
    names["client"] = desk.client
    names["exchange"] = desk.exchange()
    return names


def test_python_runs(names: dict[str, Any], desk: Any, capsys: pytest.CaptureFixture[str]) -> None:
    bot, error, stream = _blocks("python")
    lines = bot.replace("client = Client.from_environment()\n", "")
    lines = lines.replace("constants.TESTNET_API_URL, account_address", "url, account_address")
    _run(lines, names | {"url": desk.url})
    _run(stream, names)
    assert '"tif":"Gtc"' in capsys.readouterr().out

    class Refusing:
        def order(self, *_: object) -> None:
            raise PermissionDenied(reason="POLICY_DENIED", metadata={"policies": "one"})

    _run(error, names | {"exchange": Refusing()})
    assert capsys.readouterr().out == "POLICY_DENIED\none\nNone\n"


def _run(source: str, names: dict[str, Any]) -> None:
    exec(compile(source, "hyperliquid.md", "exec"), dict(names))  # noqa: S102


def test_the_bot_says_what_it_cannot_do(desk: Any) -> None:
    import os
    import subprocess
    import sys

    clients = desk.daemon.home.path / "clients"
    variables = {
        "SIGNWARD_TARGET": desk.daemon.tcp,
        "SIGNWARD_CA": str(clients / "ca.crt"),
        "SIGNWARD_CERT": str(clients / "bot.crt"),
        "SIGNWARD_KEY": str(clients / "bot.key"),
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "client" / "examples" / "hyperliquid_bot.py"), "unknown"],
        env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("not signed: KEY_NOT_FOUND")
