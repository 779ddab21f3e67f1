"""An environment of its own with the package as users install it, at the oldest versions."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.running.homes import PATIENCE, ROOT

__all__ = ["Installed", "floors", "install"]

_PATIENCE = 240.0  # seconds for a download on a busy machine
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the package in it.

    Attributes:
        folder: The environment; nothing but the base install.
        extras: A folder with the libraries of the extra ``cli``.
    """

    folder: Path
    extras: Path

    def run(
        self, program: str, *arguments: str, cli: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in its folder, optionally with the extra ``cli``."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SIGNWARD_", "PYTHON", "COVERAGE", "COV_"))
        }
        if cli:
            kept["PYTHONPATH"] = str(self.extras)
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=self.folder, env=kept, check=False, capture_output=True, text=True,
            timeout=PATIENCE,
        )  # fmt: skip


def floors(requirements: Iterable[str]) -> list[str]:
    """Turn ``name>=version`` into ``name==version``."""
    return [requirement.replace(">=", "==") for requirement in requirements]


def install(folder: Path) -> Installed:
    """Make the environment, or take the one that an earlier run made of the same requirements.

    The package itself is built and installed each time.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = floors(project["dependencies"])
    extra = floors(project["optional-dependencies"]["cli"])
    wanted = hashlib.sha256(repr((sys.version, base, extra)).encode()).hexdigest()
    stamp = folder / "stamp"
    made = Installed(folder / "venv", folder / "cli")
    python = str(made.folder / "bin" / "python")
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(made.folder, symlinks=True)
        _pip("--python", python, "install", "--only-binary", ":all:", *base)
        _pip("install", "--only-binary", ":all:", "--target", str(made.extras), *extra)
        stamp.write_text(wanted)
    wheels = folder / "dist"
    shutil.rmtree(wheels, ignore_errors=True)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT))
    (wheel,) = wheels.iterdir()
    _pip("--python", python, "install", "--no-deps", "--force-reinstall", str(wheel))
    return made


def _pip(*arguments: str) -> None:
    subprocess.run([*_PIP, *arguments], check=True, timeout=_PATIENCE)
