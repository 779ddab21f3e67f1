"""What docs/operations.md says to type, typed in its order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.running.homes import PATIENCE, ROOT, environment
from tests.running.ports import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

_TEXT: Final = (ROOT / "docs" / "operations.md").read_text("utf-8")
_BLOCKS: Final = re.findall(r"^```sh\n(.*?)^```$", _TEXT, re.MULTILINE | re.DOTALL)
# The command as it is when both parts are installed; a test runs from the sources.
_SIGNWARD: Final = f"""\
#!{sys.executable}
import sys
from signward.cli import app as console, audit
from signward_server.cli import app as daemon

first, second = (*sys.argv[1:3], "", "")[:2]
of_the_daemon = first in console._DAEMON or (first == "audit" and second in audit._DAEMON)
(daemon if of_the_daemon else console.app)()
"""
_BEFORE: Final = """\
signward init home --tcp "localhost:$TCP" --http "127.0.0.1:$HTTP" > /dev/null
signward init elsewhere > /dev/null && cp elsewhere-ca/ca.crt new-ca.crt
target="localhost:$TCP"
signward serve --home home > daemon.out & pid=$!
trap 'kill "$pid" 2> /dev/null; wait' EXIT
export SIGNWARD_PROFILES=home/clients/profiles.toml SIGNWARD_PROFILE=admin
signward health --wait 20
signward key create bot-1 --algorithm ed25519 --purpose raw --owner cn:bot
signward apikey create --identity apikey:bot --expires 1d --out secret > created
api_key_id=$(grep -o 'ak_[a-z0-9]*' created | head -1)
signward sign raw bot-1 hello --profile bot
"""
_AFTER: Final = """\
for _ in $(seq 100); do signward health 2> /dev/null || break; sleep 0.1; done
! signward health 2> /dev/null
echo "typed to its end"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="signward-"))
    command = made / "bin" / "signward"
    command.parent.mkdir()
    command.write_text(_SIGNWARD)
    command.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_the_blocks_typed_one_after_the_other(folder: Path) -> None:
    marked = [f"echo 'block {number}'\n{block}" for number, block in enumerate(_BLOCKS)]
    script = "\n".join([_BEFORE, *marked, _AFTER])
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder, check=False, capture_output=True, text=True, timeout=200,
        env=environment(
            PATH=path, TCP=str(free_port()), HTTP=str(free_port()),
            SIGNWARD_RELOAD__INTERVAL="1h",  # no reload meets one of the daemon's own
        ),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    assert "typed to its end" in done.stdout


def test_every_block_parses() -> None:
    assert len(_BLOCKS) > 15
    for block in _BLOCKS:
        subprocess.run(["bash", "-n", "-c", block], check=True, timeout=PATIENCE)
