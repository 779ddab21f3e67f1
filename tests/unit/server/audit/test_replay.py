"""Making the stored hashes again from all segments: damage in any of them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from signward.audit.framing import encode_frame
from signward.audit.segments import Header, Previous, encode_header, read_header
from signward_server.core.startup import AuditRefused

from tests.fakes.audit_logs import ORIGIN, LogHome, an_entry
from tests.fakes.faulty_files import UnsyncedFiles


@pytest.fixture
def home(tmp_path: Path) -> LogHome:
    """A log of three segments with three records each, and an empty one; without its hashes."""
    made = LogHome(tmp_path / "audit", UnsyncedFiles())
    for _ in range(3):
        with made.opened(size=1) as log:
            log.record_all([an_entry() for _ in range(3)])
            log.checkpoint()
    assert made.place.folder.segments() == [0, 3, 6, 9]
    made.place.folder.hashes.unlink()
    return made


def _refused(home: LogHome, said: str) -> None:
    with pytest.raises(AuditRefused, match=said), home.opened():
        pass


def test_what_is_whole_goes_on(home: LogHome) -> None:
    with home.opened() as log:
        assert log.record(an_entry()).sequence == 9
        assert log.inclusion(4, 9)
    home.verified()


@pytest.mark.parametrize("first", [0, 3, 6])
def test_a_changed_record_is_noticed(home: LogHome, first: int) -> None:
    path = home.place.folder.segment(first)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"orders"', b'"0rders"', 1))
    _refused(home, "damaged")


@pytest.mark.parametrize("first", [0, 3, 6])
def test_a_changed_record_with_its_checksum_is_noticed(home: LogHome, first: int) -> None:
    path = home.place.folder.segment(first)
    content = path.read_bytes()
    _, start = read_header(content, "")
    length = int.from_bytes(content[start : start + 4], "big")
    body = content[start + 8 : start + 8 + length].replace(b'"orders"', b'"0rders"')
    path.write_bytes(content[:start] + encode_frame(body) + content[start + 8 + length :])
    _refused(home, "does not continue")


def test_a_missing_segment_is_noticed(home: LogHome) -> None:
    home.place.folder.segment(3).unlink()
    _refused(home, "is not what the next segment says|are missing")


def test_a_shorter_segment_is_noticed(home: LogHome) -> None:
    path = home.place.folder.segment(3)
    path.write_bytes(path.read_bytes()[:-1])
    _refused(home, "is not what the next segment says")


def test_a_segment_without_a_header_is_noticed(home: LogHome) -> None:
    home.place.folder.segment(3).write_bytes(b"")
    _refused(home, "damaged")


def test_a_last_header_with_another_tree_is_noticed(home: LogHome) -> None:
    path = home.place.folder.segment(9)
    header, _ = read_header(path.read_bytes(), "")
    nodes = (b"\x00" * 32, *header.frontier[1:])
    for checkpoint, said in ((header.checkpoint, "its checkpoint signs"), ("", "does not")):
        forged = Header(ORIGIN, 9, nodes, Previous(6, header.previous.end), checkpoint)
        path.write_bytes(encode_frame(encode_header(forged)))
        _refused(home, said)
