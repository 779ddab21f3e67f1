"""A real daemon, and the tools of other languages, for all tests of the folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.serving import Served, serving

_TOOLS = Path(__file__).parents[2] / "build" / "tools" / "bin"


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A daemon; the name of its home is short, since Unix sockets need that."""
    folder = Path(tempfile.mkdtemp(prefix="signward-"))
    try:
        with serving(folder) as daemon:
            yield daemon
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def tools() -> dict[str, str]:
    """The environment of commands that need what Go builds: grpcurl, plugins, the compiler."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed: grpcurl and the Go client are NOT TESTED here")
    if not (_TOOLS / "grpcurl").exists():
        pytest.fail("build/tools/bin is empty: run `make tools`")
    return os.environ | {"PATH": f"{_TOOLS}{os.pathsep}{os.environ['PATH']}"}
