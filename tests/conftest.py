"""Real daemons for every test that asks for one; properties without a deadline."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.running.homes import Home, initialise
from tests.running.process import PATIENT, Daemon

# A time limit of each example would measure the machine, not the code.
settings.register_profile("signward", deadline=None)
settings.load_profile("signward")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what starts daemons first: files of short tests fill what is left at the end."""
    items.sort(key=lambda item: "integration" not in item.keywords)


@pytest.fixture(scope="session")
def shelf() -> Iterator[Path]:
    """A folder for homes; its name is short, since Unix sockets need that."""
    folder = Path(tempfile.mkdtemp(prefix="signward-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pristine(shelf: Path) -> Home:
    """A home that no daemon has worked on."""
    return initialise(shelf / "home")


@pytest.fixture(scope="session")
def new_home(shelf: Path, pristine: Home) -> Callable[[], Home]:
    """Make homes of a test's own."""
    numbers = itertools.count(1)
    return lambda: pristine.copy(shelf / f"h{next(numbers)}")


@pytest.fixture
def home(new_home: Callable[[], Home]) -> Home:
    """A home of the test's own."""
    return new_home()


@pytest.fixture(scope="session")
def shared_daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    """A daemon for all tests that leave it as it is, but for keys of their own."""
    with Daemon(new_home(), *PATIENT) as running:
        yield running
