"""How much is logged changes with the configuration, and with nothing else."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from signward_server.config import ConfigurationError, load
from signward_server.wiring.parts import LogPart, SettingsSource

NAMES = ("", "signward_server", "sqlalchemy", "grpc")


@pytest.fixture(autouse=True)
def _levels() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in NAMES}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "signward.toml"


def part_of(file: Path, level: str = "info") -> LogPart:
    return LogPart(level, SettingsSource(lambda: load(file, environment={}), file))


def test_the_level_of_the_file_is_put_into_force(file: Path) -> None:
    part = part_of(file)
    file.write_text('[log]\nlevel = "debug"\n')
    part.load()
    assert logging.getLogger("signward_server.rpc").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("sqlalchemy").isEnabledFor(logging.INFO)
    assert not logging.getLogger("grpc").isEnabledFor(logging.DEBUG)
    assert part.version == hashlib.sha256(b"debug").hexdigest()
    file.write_text('[log]\nlevel = "error"\n')
    part.load()
    assert not logging.getLogger("signward_server.rpc").isEnabledFor(logging.WARNING)
    assert not logging.getLogger("anybody").isEnabledFor(logging.WARNING)
    assert list(part.watched()) == [file]


def test_a_bad_file_changes_nothing(file: Path) -> None:
    part = part_of(file, "warning")
    before = logging.getLogger("signward_server").level
    file.write_text('[log]\nlevel = "loud"\n')
    with pytest.raises(ConfigurationError):
        part.load()
    assert (part.level, logging.getLogger("signward_server").level) == ("warning", before)


def test_the_same_level_touches_nothing(file: Path) -> None:
    logging.getLogger("signward_server").setLevel(17)
    file.write_text('[log]\nlevel = "info"\n')
    part_of(file, "info").load()
    assert logging.getLogger("signward_server").level == 17
