"""Changes are seen, whatever way they are made; what stays as it is costs no reload."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.wiring.watching import FileWatch


class Recorded:
    def __init__(self, **paths: Path) -> None:
        self.paths = {ReloadPart(name): [path] for name, path in paths.items()}
        self.reloads: list[list[ReloadPart]] = []
        self.failing = False
        self.refused: set[ReloadPart] = set()

    def watched(self) -> Mapping[ReloadPart, Sequence[Path]]:
        return self.paths

    def refresh(self, parts: Iterable[ReloadPart]) -> Sequence[Reloaded]:
        wanted = [part for part in ReloadPart if part in parts]
        self.reloads.append(wanted)
        if self.failing:
            raise RuntimeError("a defect")
        return [
            Reloaded(part, "", changed=False, problem="bad" * (part in self.refused))
            for part in wanted
        ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "a.cedar").write_text("a")
    (tmp_path / "crt").write_text("1")
    return tmp_path


@pytest.fixture
def recorded(folder: Path) -> Recorded:
    return Recorded(policy=folder / "policies", certificates=folder / "crt")


@pytest.fixture
def watch(recorded: Recorded) -> FileWatch:
    made = FileWatch(recorded, 3600)
    made.look()
    recorded.reloads.clear()
    return made


def test_the_first_look_misses_nothing_that_changed_since_it_was_loaded(recorded: Recorded) -> None:
    FileWatch(recorded, 3600).look()
    assert recorded.reloads == [[ReloadPart.POLICY, ReloadPart.CERTIFICATES]]


def test_nothing_changed(watch: FileWatch, recorded: Recorded) -> None:
    watch.look()
    watch.look()
    assert recorded.reloads == []


def test_what_is_refused_is_tried_again_until_it_is_taken(
    watch: FileWatch, recorded: Recorded, folder: Path
) -> None:
    (folder / "crt").write_text("another")
    recorded.refused = {ReloadPart.CERTIFICATES}
    watch.look()
    watch.look()
    recorded.refused = set()
    watch.look()
    watch.look()
    assert recorded.reloads == [[ReloadPart.CERTIFICATES]] * 3


def test_a_file_with_its_old_times_is_another(
    watch: FileWatch, recorded: Recorded, folder: Path
) -> None:
    file = folder / "crt"
    old = file.stat()
    while file.stat().st_ctime_ns == old.st_ctime_ns:  # its clock ticks every few milliseconds
        file.write_text("2")
        os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    watch.look()
    assert recorded.reloads == [[ReloadPart.CERTIFICATES]]


def test_only_the_changed_part_is_read_again_and_once(
    watch: FileWatch, recorded: Recorded, folder: Path
) -> None:
    (folder / "crt").write_text("another")
    watch.look()
    watch.look()
    assert recorded.reloads == [[ReloadPart.CERTIFICATES]]


@pytest.mark.parametrize("change", ["write", "add", "remove", "rename", "mode", "gone"])
def test_changes_of_a_folder(
    watch: FileWatch, recorded: Recorded, folder: Path, change: str
) -> None:
    policies = folder / "policies"
    first = policies / "a.cedar"
    if change == "write":
        first.write_text("longer")
    elif change == "add":
        (policies / "b.cedar").write_text("")
    elif change == "remove":
        first.unlink()
    elif change == "rename":
        first.rename(policies / "c.cedar")
    elif change == "mode":
        first.chmod(0o400)
    else:
        policies.rename(folder / "elsewhere")
    watch.look()
    assert recorded.reloads == [[ReloadPart.POLICY]]


def test_a_replaced_file_of_the_same_size_and_time_is_another(
    watch: FileWatch, recorded: Recorded, folder: Path
) -> None:
    old = (folder / "crt").stat()
    draft = folder / "draft"
    draft.write_text("2")
    os.utime(draft, ns=(old.st_atime_ns, old.st_mtime_ns))
    draft.replace(folder / "crt")
    watch.look()
    assert recorded.reloads == [[ReloadPart.CERTIFICATES]]


def test_an_exchanged_link_as_of_a_mounted_secret_is_seen(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "tls.crt").write_text(name)
    (folder / "data").symlink_to("one")
    (folder / "tls.crt").symlink_to("data/tls.crt")
    recorded = Recorded(certificates=folder / "tls.crt")
    watch = FileWatch(recorded, 3600)
    watch.look()
    recorded.reloads.clear()
    (folder / "next").symlink_to("two")
    (folder / "next").rename(folder / "data")
    watch.look()
    assert recorded.reloads == [[ReloadPart.CERTIFICATES]]


def test_the_thread_looks_and_outlives_a_defect(recorded: Recorded, folder: Path) -> None:
    watch = FileWatch(recorded, 0.01)
    recorded.failing = True
    watch.start()
    try:
        for number in range(3):
            end = time.monotonic() + 10
            while len(recorded.reloads) <= number and time.monotonic() < end:
                time.sleep(0.005)
            (folder / "crt").write_text("x" * (10 + number))
    finally:
        watch.stop()
    everything = [ReloadPart.POLICY, ReloadPart.CERTIFICATES]
    assert recorded.reloads[:3] == [everything] * 3


def test_stopping_what_never_started_is_fine(recorded: Recorded) -> None:
    FileWatch(recorded, 1).stop()
