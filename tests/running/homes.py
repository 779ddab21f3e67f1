"""Homes for real daemons: `signward init` once, then copies of what it made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signward import Credentials

__all__ = [
    "PATIENCE",
    "ROOT",
    "SIGNWARD",
    "TESTS_CEDAR",
    "Home",
    "environment",
    "initialise",
    "replace",
]

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 60.0
"""Seconds that a real process may take for anything at all."""
_GENEROUS: Final = "".join(
    f'\n[[rate_limits.rules]]\nclass = "{what}"\nper = "identity"\nlimit = 1000000\nwindow = "1m"\n'
    for what in ("list", "key_creation", "key_change", "administration")
)
TESTS_CEDAR: Final = "tests.cedar"
"""What most tests do is permitted in this file, beside the starter policies."""
SIGNWARD: Final = (sys.executable, "-c", "from signward_server.cli import app; app()")


def environment(**variables: str) -> dict[str, str]:
    """Return our environment, without settings of a daemon and with our sources."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SIGNWARD_") and name not in ("PORT", "API_KEY")
    }
    sources = (ROOT / "client", ROOT / "server", ROOT)
    return inherited | {"PYTHONPATH": os.pathsep.join(map(str, sources))} | variables


# Most tests are not about policies: `bot` makes the keys that it signs with, and asks for
# reflection. What the starter policies say is tested on homes where this file is removed.
_BOT = """\
permit (
  principal == Identity::"cn:bot",
  action in [
    Action::"CreateKey", Action::"UpdateKey", Action::"ChangeKeyOwner", Action::"ChangeKeyLabels",
    Action::"DisableKey", Action::"EnableKey", Action::"ViewKey", Action::"GetKey",
    Action::"GetPublicKey", Action::"Verify", Action::"SignRaw", Action::"SignRawDigest",
    Action::"SignOrder", Action::"Reflect", Action::"RotateKey", Action::"ActivateKeyVersion",
    Action::"ListKeyVersions", Action::"CheckKey", Action::"ScheduleDestroyKeyVersion",
    Action::"RestoreKeyVersion"
  ],
  resource
);
"""


@dataclass(frozen=True, slots=True)
class Home:
    """A home as `signward init` makes it, with its CA beside it."""

    path: Path

    @property
    def authority(self) -> Path:
        return self.path.with_name(f"{self.path.name}-ca")

    @property
    def configuration(self) -> Path:
        return self.path / "signward.toml"

    @property
    def kek(self) -> Path:
        return self.path / "kek"

    @property
    def store(self) -> Path:
        return self.path / "store" / "signward.db"

    @property
    def socket(self) -> Path:
        return self.path / "run" / "signward.sock"

    def credentials(self, name: str = "bot") -> Credentials:
        """Return what a client of `signward init` proves itself with."""
        clients = self.path / "clients"
        return Credentials.from_files(
            clients / "ca.crt", clients / f"{name}.crt", clients / f"{name}.key"
        )

    def copy(self, path: Path) -> Home:
        """Return a copy of a home that no daemon works on, CA included."""
        copied = Home(path)
        shutil.copytree(self.path, path)
        shutil.copytree(self.authority, copied.authority)
        return copied

    @property
    def policies(self) -> Path:
        return self.path / "policies"

    def issue(self, name: str) -> Credentials:
        """Run `signward cert issue` for a client; return its credentials."""
        out = str(self.path / "clients")
        subprocess.run(
            [
                *SIGNWARD,
                "cert",
                "issue",
                "--home",
                str(self.path),
                "--identity",
                name,
                "--out",
                out,
            ],
            env=environment(),
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )
        return self.credentials(name)

    def permit(self, text: str, name: str = TESTS_CEDAR) -> None:
        """Add a policy file, or replace it, at once."""
        replace(self.policies / name, text.encode())

    def forbid_what_tests_do(self) -> None:
        """Leave the policies that `signward init` writes."""
        (self.policies / TESTS_CEDAR).unlink()

    def configure(self, old: str, new: str) -> None:
        """Replace a piece of the configuration, at once."""
        text = self.configuration.read_text()
        assert text.count(old) == 1
        replace(self.configuration, text.replace(old, new).encode())


def replace(file: Path, content: bytes) -> None:
    """Put a file in the place of another, as those do who change files of a running daemon."""
    draft = file.with_name(f".{file.name}-draft")
    draft.write_bytes(content)
    draft.chmod(0o600)
    draft.replace(file)


def initialise(path: Path, variables: Mapping[str, str] | None = None) -> Home:
    """Run `signward init`; the daemon will choose free ports."""
    subprocess.run(
        [*SIGNWARD, "init", str(path), "--tcp", "localhost:0", "--http", "127.0.0.1:0"],
        env=environment(**(variables or {})),
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    home = Home(path)
    with home.configuration.open("a") as file:
        file.write(_GENEROUS)
    home.permit(_BOT)
    return home
