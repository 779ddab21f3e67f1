"""The file `instance`: nobody forges it, and no copy of it counts."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest
from signward_server.core.startup import ExitCode, NotAdopted
from signward_server.home.instance import RESTORED, Instance, InstanceFile, machine_digest

from tests.fakes.row_authenticator import HmacRows

HOME = "0123456789abcdef" * 2
INSTANCE = Instance(
    home=HOME,
    generation=7,
    starting=False,
    machine="a" * 64,
    version=12,
    log="signward/1",
    size=3,
    root=b"r" * 32,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance"


@pytest.fixture
def file(path: Path) -> InstanceFile:
    return InstanceFile(path, HmacRows())


@pytest.mark.parametrize(
    "instance", [INSTANCE, dataclasses.replace(INSTANCE, starting=True, generation=0)]
)
def test_it_says_what_was_written(path: Path, file: InstanceFile, instance: Instance) -> None:
    assert file.read() is None
    file.write(instance)
    assert file.read() == instance
    assert path.stat().st_mode & 0o777 == 0o600
    file.write(dataclasses.replace(instance, version=13))
    assert file.read() == dataclasses.replace(instance, version=13)
    assert list(path.parent.iterdir()) == [path]


def test_what_a_crash_left_of_a_draft_is_in_nobodys_way(path: Path, file: InstanceFile) -> None:
    path.with_name(".instance-draft").write_bytes(b"half")
    file.write(INSTANCE)
    assert file.read() == INSTANCE


def test_s41_a_copy_is_refused_and_the_moved_file_is_not(path: Path, file: InstanceFile) -> None:
    file.write(INSTANCE)
    shutil.copy2(path, path.with_name("copy"))
    path.rename(path.with_name("original"))
    path.with_name("original").rename(path)
    assert file.read() == INSTANCE
    path.with_name("copy").replace(path)
    with pytest.raises(NotAdopted, match="is a copy") as refused:
        file.read()
    assert refused.value.exit_code is ExitCode.NOT_ADOPTED
    assert file.read(numbered=False) == INSTANCE


def test_s41_a_hard_link_is_no_way_around_that(path: Path, file: InstanceFile) -> None:
    file.write(INSTANCE)
    link = path.with_name("link")
    os.link(path, link)
    for name in (path, link):
        with pytest.raises(NotAdopted, match="the same file as another one"):
            InstanceFile(name, HmacRows()).read()
    assert file.read(numbered=False) == INSTANCE
    link.unlink()
    assert file.read() == INSTANCE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"generation 7", b"generation 8"),
        (b"version 12", b"version 11"),
        (b"settled", b"starting"),
        (b"mac ", b"mac 00"),
        (b"mac ", b"mac zz"),
        (b"mac ", b""),
        (b"log signward/1", b"log signward/2"),
        (HOME.encode(), HOME.encode()[::-1]),
    ],
)
def test_s41_what_was_edited_is_refused(
    path: Path, file: InstanceFile, old: bytes, new: bytes
) -> None:
    file.write(INSTANCE)
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    with pytest.raises(NotAdopted, match="was changed, or written under another KEK"):
        file.read(numbered=False)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"signward instance v1\n", b"x" * 100_000])
def test_s41_what_is_no_such_file_is_refused(
    path: Path, file: InstanceFile, content: bytes
) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(NotAdopted, match="was changed"):
        file.read()


def test_s41_it_cannot_be_made_without_the_kek(path: Path, file: InstanceFile) -> None:
    InstanceFile(path, HmacRows(b"o" * 32)).write(INSTANCE)
    with pytest.raises(NotAdopted, match="another KEK"):
        file.read()


def test_s41_a_genuine_mac_over_another_form_does_not_count(path: Path) -> None:
    rows = HmacRows()
    body = b"signward instance v2\n"
    tag = rows.tag(b"signward.home.instance.v1\0" + body)
    path.write_bytes(body + f"mac {tag.hex()}\n".encode())
    with pytest.raises(NotAdopted, match="was changed"):
        InstanceFile(path, rows).read()


def test_s41_a_restored_home_says_so(path: Path, file: InstanceFile) -> None:
    path.write_bytes(RESTORED)
    with pytest.raises(NotAdopted, match="was restored from a backup"):
        file.read()


def test_what_is_no_file_of_ours_alone_is_refused(path: Path, file: InstanceFile) -> None:
    file.write(INSTANCE)
    path.chmod(0o620)
    with pytest.raises(NotAdopted, match="so that others can change it"):
        file.read()
    path.rename(path.with_name("other"))
    path.symlink_to("other")
    with pytest.raises(NotAdopted, match="cannot be read"):
        file.read()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(NotAdopted, match="is not a regular file"):
        file.read()


def test_a_machine_is_known_by_its_id_or_by_what_was_said(tmp_path: Path) -> None:
    machine_id = tmp_path / "machine-id"
    digests = [machine_digest(HOME, "", machine_id)]
    for content in ("a" * 32, "b" * 32):
        machine_id.write_text(f"{content}\n")
        digests.append(machine_digest(HOME, "", machine_id))
        digests.append(machine_digest(HOME[::-1], "", machine_id))
    digests += [machine_digest(HOME, text, machine_id) for text in ("pod-0", "pod-1", "b" * 32)]
    assert len(set(digests)) == len(digests) == 8
    assert machine_digest(HOME, "pod-0", tmp_path / "none") == digests[-3]
    machine_id.unlink()
    machine_id.mkdir()
    with pytest.raises(NotAdopted, match=r"cannot be read; correct this, or set home.machine"):
        machine_digest(HOME, "", machine_id)
