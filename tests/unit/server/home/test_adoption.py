"""Which home signs, and which one is a copy that has to be adopted (S41)."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from signward_server.config.home import Home as Section
from signward_server.core.startup import ConfigurationRefused, NotAdopted
from signward_server.home.adoption import Adoption
from signward_server.home.instance import Instance, InstanceFile

from tests.fakes.row_authenticator import HmacRows


class Crash(BaseException):
    """The process is gone."""


@dataclass
class FakeHomes:
    """Homes of a store in memory."""

    rows: dict[str, int] = field(default_factory=dict)
    version: int = 0
    dies: bool = False

    def generations(self) -> Mapping[str, int]:
        return dict(self.rows)

    def advance(self, home: str, expected: int) -> bool:
        if self.dies:
            raise Crash
        if self.rows.get(home, 0) != expected:
            return False
        self.rows[home] = expected + 1
        return True


@dataclass
class Place:
    """A folder with a home in it, and its store."""

    folder: Path
    homes: FakeHomes
    section: Section = field(default_factory=lambda: Section(machine="here"))
    log: str = "log/1"

    @property
    def path(self) -> Path:
        return self.folder / "instance"

    @property
    def file(self) -> InstanceFile:
        return InstanceFile(self.path, HmacRows())

    @property
    def adoption(self) -> Adoption:
        return Adoption(self.path, self.file, self.homes, self.section, self.log)

    def clone(self, homes: FakeHomes | None = None, *, exact: bool = False) -> Place:
        """Return a copy; an exact one cannot be told by its file."""
        folder = Path(f"{self.folder}-copy")
        shutil.copytree(self.folder, folder)
        section = Section(machine="here", file_number=not exact)
        return Place(folder, homes or FakeHomes(dict(self.homes.rows)), section)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "home"
    folder.mkdir()
    return Place(folder, FakeHomes())


def test_a_home_that_was_never_started_belongs_to_who_starts_it(place: Place) -> None:
    assert place.adoption.ensure_adopted() is None
    begun = place.adoption.begin()
    assert place.homes.rows == {begun.home: 1}
    assert place.file.read() == begun
    assert not begun.starting


def test_each_start_counts_one_generation(place: Place) -> None:
    generations = [place.adoption.begin().generation for _ in range(4)]
    assert generations == [1, 2, 3, 4]
    assert place.adoption.ensure_adopted() == place.file.read()


def test_s41_a_copy_is_refused_while_the_original_goes_on(place: Place) -> None:
    place.adoption.begin()
    copy = place.clone()
    with pytest.raises(NotAdopted, match="is a copy"):
        copy.adoption.begin()
    assert copy.homes.rows == place.homes.rows
    assert place.adoption.begin().generation == 2


def test_s41_a_store_without_the_file_is_refused(place: Place) -> None:
    place.adoption.begin()
    place.path.unlink()
    with pytest.raises(NotAdopted, match=r"there is no .*instance"):
        place.adoption.begin()


def test_s41_another_machine_is_refused(place: Place) -> None:
    place.adoption.begin()
    place.section = Section(machine="elsewhere")
    with pytest.raises(NotAdopted, match="on another machine"):
        place.adoption.begin()


def test_s41_of_two_copies_on_one_store_one_starts(place: Place) -> None:
    place.adoption.begin()
    place.section = Section(machine="here", file_number=False)
    copy = place.clone(place.homes, exact=True)
    copy.adoption.begin()
    with pytest.raises(NotAdopted, match="another copy of it was started since"):
        place.adoption.begin()
    copy.adoption.begin()


def test_s41_of_two_copies_that_start_at_once_one_does(place: Place) -> None:
    place.adoption.begin()
    copy = place.clone(place.homes, exact=True)
    before = place.homes.generations()
    place.adoption.begin()
    copy.homes = FakeHomes(place.homes.rows)
    copy.homes.generations = lambda: before  # type: ignore[method-assign] -- asked before
    with pytest.raises(NotAdopted, match="just now"):
        copy.adoption.begin()


def test_s41_an_older_store_is_refused(place: Place) -> None:
    place.adoption.begin()
    before = place.homes.generations()
    place.adoption.begin()
    place.homes.rows = dict(before)
    with pytest.raises(NotAdopted, match="knows 1 starts of this home, which has had 2"):
        place.adoption.begin()
    place.homes.rows = {}
    with pytest.raises(NotAdopted, match="knows 0 starts"):
        place.adoption.begin()


def test_s41_a_store_of_before_the_last_changes_is_refused(place: Place) -> None:
    place.homes.version = 5
    place.adoption.begin()
    place.homes.version = 3
    with pytest.raises(NotAdopted, match="2 changes that this home has made are not in its store"):
        place.adoption.begin()
    place.homes.version = 6
    place.adoption.begin()


@pytest.mark.parametrize("starts", [0, 1, 3])
def test_a_crash_before_the_store_is_told_locks_nobody_out(place: Place, starts: int) -> None:
    for _ in range(starts):
        place.adoption.begin()
    place.homes.dies = True
    with pytest.raises(Crash):
        place.adoption.begin()
    assert sum(place.homes.rows.values()) == starts
    place.homes.dies = False
    assert place.adoption.begin().generation == starts + 1


@pytest.mark.parametrize("starts", [0, 1, 3])
def test_a_crash_after_the_store_is_told_locks_nobody_out(
    place: Place, starts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(starts):
        place.adoption.begin()
    written: list[Instance] = []
    write = InstanceFile.write

    def crash_at_the_second(file: InstanceFile, instance: Instance) -> None:
        if written:
            raise Crash
        written.append(instance)
        write(file, instance)

    with monkeypatch.context() as patched:
        patched.setattr(InstanceFile, "write", crash_at_the_second)
        with pytest.raises(Crash):
            place.adoption.begin()
    assert sum(place.homes.rows.values()) == starts + 1
    assert place.adoption.begin().generation == starts + 2


def test_s41_a_crash_excuses_one_step_and_no_more(place: Place) -> None:
    place.adoption.begin()
    place.homes.dies = True
    with pytest.raises(Crash):
        place.adoption.begin()
    place.homes.dies = False
    (home,) = place.homes.rows
    for generation in (0, 3):
        place.homes.rows[home] = generation
        with pytest.raises(NotAdopted):
            place.adoption.begin()


def test_a_worker_that_looks_while_another_one_starts_looks_again(place: Place) -> None:
    place.adoption.begin()
    generations, others = place.homes.generations, [place.adoption]

    def meanwhile() -> Mapping[str, int]:
        before = generations()
        if others:
            others.pop().begin()
        return before

    looking = Place(place.folder, FakeHomes(place.homes.rows))
    looking.homes.generations = meanwhile  # type: ignore[method-assign] -- as things change
    found = looking.adoption.ensure_adopted()
    assert found is not None
    assert found.generation == 2


def test_what_keeps_changing_is_told(place: Place) -> None:
    place.adoption.begin()
    numbers = itertools.count()

    def meanwhile() -> Mapping[str, int]:
        place.file.write(place.adoption.adopted("f" * 32, next(numbers)))
        return {}

    place.homes.generations = meanwhile  # type: ignore[method-assign] -- as things change
    with pytest.raises(NotAdopted, match="keeps changing"):
        place.adoption.ensure_adopted()


def test_the_log_that_was_seen_counts_for_itself_alone(place: Place) -> None:
    begun = place.adoption.begin()
    seen = place.adoption.seen(begun)
    assert seen is not None
    assert (seen.size, seen.root) == (0, bytes(32))
    assert place.adoption.seen(None) is None
    place.log = "log/2"
    assert place.adoption.seen(begun) is None


def test_a_home_that_cannot_be_written_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: InstanceFile, instance: Instance) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(InstanceFile, "write", full)
    with pytest.raises(ConfigurationRefused, match=r"cannot be written \(No space left"):
        place.adoption.begin()
    assert place.homes.rows == {}
