"""The tools of other languages, for all tests of the folder."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.running.homes import ROOT

_TOOLS = ROOT / "build" / "tools" / "bin"


@pytest.fixture(scope="session")
def tools() -> dict[str, str]:
    """The environment of commands that need what Go builds: grpcurl, plugins, the compiler."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed: grpcurl and the client in Go are NOT TESTED here")
    if not (_TOOLS / "grpcurl").exists():
        pytest.fail("build/tools/bin is empty: run `make tools`")
    return os.environ | {"PATH": f"{_TOOLS}{os.pathsep}{os.environ['PATH']}"}
