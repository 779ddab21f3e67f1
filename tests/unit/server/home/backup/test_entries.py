"""Hostile archives: made by somebody who has the KEK, and refused all the same."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.startup import BackupRefused
from signward_server.home.backup.entries import (
    _above,
    read_entries,
    read_manifest,
    write_end,
    write_file,
    write_manifest,
)
from signward_server.home.backup.stream import ArchiveReader, ArchiveWriter

from tests.unit.server.home.backup.conftest import Open

Written = Callable[[Callable[[ArchiveWriter], None]], bytes]


def head(name: str | bytes, size: int) -> bytes:
    encoded = name if isinstance(name, bytes) else name.encode()
    return struct.pack(">H", len(encoded)) + encoded + struct.pack(">Q", size)


def contents(reader: ArchiveReader) -> dict[str, bytes]:
    read_manifest(reader)
    return {name: reader.read(size) for name, size in read_entries(reader)}


def raw(*parts: bytes) -> Callable[[ArchiveWriter], None]:
    def write(archive: ArchiveWriter) -> None:
        write_manifest(archive, {})
        for part in parts:
            archive.write(part)
        archive.end()

    return write


END = struct.pack(">H", 0)


def test_files_come_out_as_they_went_in(written: Written, opened: Open) -> None:
    files = {"signward.toml": b"a = 1", "store/signward.db": bytes(200_000), "audit/0.log": b""}

    def write(archive: ArchiveWriter) -> None:
        write_manifest(archive, {"ä": 1})
        for name, content in files.items():
            write_file(archive, name, io.BytesIO(content + b"grown"), len(content))
        write_end(archive)

    archive = written(write)
    assert read_manifest(opened(archive)) == {"ä": 1}
    assert contents(opened(archive)) == files


def test_a_file_that_becomes_shorter_is_told(written: Written) -> None:
    with pytest.raises(BackupRefused, match="became shorter"):
        written(lambda archive: write_file(archive, "a", io.BytesIO(b"abc"), 4))


@pytest.mark.parametrize(
    "name",
    [
        "../kek", "/etc/passwd", "a/../../b", "a//b", "./a", "a/.", "..", ".", "/", "a/",
        "a\0b", "a\nb", "a\\b", "\x1b[2J", "a/" * 16 + "a", "x" * 256, "ü" * 200, "\u202ea",
    ],
)  # fmt: skip
def test_s22_names_that_lead_elsewhere_are_refused(
    written: Written, opened: Open, name: str
) -> None:
    with pytest.raises(BackupRefused, match="what no backup of a home does"):
        contents(opened(written(raw(head(name, 0), END))))
    with pytest.raises(BackupRefused, match="no name that can be restored"):
        written(lambda archive: write_file(archive, name, io.BytesIO(), 0))


@pytest.mark.parametrize(
    "parts",
    [
        (head("a", 0), head("a", 0), END),
        (head("a", 0), head("a/b", 0), END),
        (head("a/b", 0), head("a", 0), END),
        (head("a/b/c", 0), head("a/b", 0), END),
        (head(b"\xff\xfe", 0), END),
    ],
)
def test_s22_two_for_one_place_are_refused(
    written: Written, opened: Open, parts: tuple[bytes, ...]
) -> None:
    with pytest.raises(BackupRefused, match="what no backup of a home does"):
        contents(opened(written(raw(*parts))))


def test_s22_a_size_that_is_not_there_is_refused(written: Written, opened: Open) -> None:
    reader = opened(written(raw(head("a", 2**63), b"short", END)))
    read_manifest(reader)
    entries = read_entries(reader)
    assert next(entries) == ("a", 2**63)
    with pytest.raises(BackupRefused, match="there is more than is in it"):
        reader.read(2**63)


@pytest.mark.parametrize("parts", [(), (head("a", 0),), (b"\0",), (head("a", 0)[:-1],)])
def test_s22_an_archive_without_its_end_is_refused(
    written: Written, opened: Open, parts: tuple[bytes, ...]
) -> None:
    with pytest.raises(BackupRefused, match="there is more than is in it"):
        contents(opened(written(raw(*parts))))


def test_s22_what_follows_the_end_is_refused(written: Written, opened: Open) -> None:
    with pytest.raises(BackupRefused, match="holds more than it says"):
        contents(opened(written(raw(END, b"x"))))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", json.dumps({"x": "y" * 2**20}).encode()]
)
def test_s22_what_says_nothing_of_itself_is_refused(
    written: Written, opened: Open, content: bytes
) -> None:
    for name in ("manifest", "other"):

        def write(archive: ArchiveWriter, name: str = name) -> None:
            archive.write(head(name, len(content)) + content + END)
            archive.end()

        with pytest.raises(BackupRefused, match="what no backup of a home does"):
            read_manifest(opened(written(write)))


@given(st.text(max_size=40))
def test_s22_a_name_that_is_taken_stays_below_its_folder(name: str) -> None:
    from pathlib import PurePosixPath

    above = _above(name)
    if above is not None:
        path = PurePosixPath("/root-of-it") / name
        assert path.parts[:2] == ("/", "root-of-it")
        assert ".." not in path.parts
        assert str(path) == f"/root-of-it/{name}"
        assert above == [str(each) for each in reversed(PurePosixPath(name).parents)][1:]
