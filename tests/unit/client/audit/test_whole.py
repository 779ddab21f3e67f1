"""Verifying all logs of a home: none can be missing, added or put back unseen."""

from __future__ import annotations

import shutil

import pytest
from signward.audit.checkpoints import parse_checkpoint
from signward.audit.errors import AuditError
from signward.audit.findings import Kind
from signward.audit.folder import list_folder
from signward.audit.given import Given
from signward.audit.listings import listing_in, newest_listing
from signward.audit.log_list import LIST_NAME
from signward.audit.records import encode_record
from signward.audit.whole import verify_home

from tests.fakes.audit_log import LogWriter, record
from tests.fakes.many_logs import ManyLogs


@pytest.fixture
def home(tmp_path):
    """Three logs, filled, pinned, and filled again."""
    home = ManyLogs(tmp_path / "audit", 2)
    home.fill()
    home.pin()
    home.fill()
    return home


def verified(home, **more):
    return verify_home(home.folder, home.key, processes=1, **more)


def kinds(report):
    found = [finding.kind for finding in report.findings]
    return found, [[finding.kind for finding in log.findings] for log in report.logs]


def test_a_whole_home_is_intact(home):
    report = verified(home)
    assert (report.intact, report.listed, kinds(report)) == (True, 3, ([], [[], [], []]))
    assert [log.size for log in report.logs] == [7, 6, 6]
    assert [log.log for log in report.logs] == list(home.list.origins)


def test_a_single_log_needs_no_list(tmp_path):
    log = LogWriter(tmp_path / "log")
    log.add(3)
    log.checkpoint()
    report = verify_home(log.folder, log.key, processes=1)
    assert (report.intact, report.listed, len(report.logs)) == (True, 0, 1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AuditError):
        verify_home(tmp_path / "empty", log.key)


def test_s36_a_log_that_is_dropped_is_missed(home):
    shutil.rmtree(home.folder / "worker-2")
    report = verified(home)
    assert (report.intact, kinds(report)[0]) == (False, [Kind.MISSING_LOG])


def test_s36_a_log_that_is_dropped_with_its_line_of_the_list_is_missed(home):
    shutil.rmtree(home.folder / "worker-2")
    home.write_list("worker-1")
    report = verified(home)
    assert (report.intact, kinds(report)[0]) == (False, [Kind.LIST])
    assert "is older" in report.findings[0].text


def test_s36_all_other_logs_dropped_with_the_list_are_missed(home):
    for name in home.others:
        shutil.rmtree(home.folder / name)
    (home.folder / LIST_NAME).unlink()
    report = verified(home)
    assert (report.intact, kinds(report)[0]) == (False, [Kind.LIST])


def test_s36_a_log_emptied_to_its_beginning_is_missed(home):
    """As somebody can who has files alone: the first segment's header is not signed."""
    shutil.rmtree(home.folder / "worker-1")
    fresh = LogWriter(home.folder / "worker-1", home.others["worker-1"].key.name, home.pair)
    fresh.checkpoint()  # of no records, which the log once had
    report = verified(home)
    assert not report.intact
    assert Kind.TRUNCATED in kinds(report)[1][1]


def test_s36_a_log_written_anew_by_who_stole_the_key_is_missed(home):
    shutil.rmtree(home.folder / "worker-1")
    fresh = LogWriter(home.folder / "worker-1", home.others["worker-1"].key.name, home.pair)
    fresh.add(9, note="forged")
    fresh.checkpoint()
    report = verified(home)
    assert not report.intact
    assert Kind.REWRITTEN in kinds(report)[1][1]


def test_a_log_without_a_checkpoint_is_not_intact(home):
    for path in (home.folder / "worker-1").glob("*.checkpoints"):
        path.write_bytes(b"")
    assert not verified(home).intact


def test_a_log_that_the_list_does_not_name_is_told_of(home):
    LogWriter(home.folder / "worker-7", f"{home.key.name}/worker-7", home.pair)
    report = verified(home)
    assert (report.intact, kinds(report)[0]) == (False, [Kind.UNLISTED_LOG])
    (home.folder / LIST_NAME).unlink()
    assert kinds(verified(home))[0] == [Kind.LIST, *[Kind.UNLISTED_LOG] * 3]


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 100, b"a\n\nb\n"])
def test_a_list_that_is_none_is_told_of(home, content):
    (home.folder / LIST_NAME).write_bytes(content)
    report = verified(home)
    assert not report.intact
    assert kinds(report)[0][0] is Kind.LIST


def test_a_list_that_cannot_be_read_is_told_of(home):
    (home.folder / LIST_NAME).unlink()
    (home.folder / LIST_NAME).mkdir()
    assert Kind.UNREADABLE in kinds(verified(home))[0]


def test_another_list_of_the_same_length_is_told_of(home):
    shutil.copytree(home.folder / "worker-2", home.folder / "worker-3")
    home.write_list("worker-1", "worker-3")
    report = verified(home)
    assert "this is another one" in report.findings[0].text


def test_a_list_that_is_newer_than_what_the_first_log_says_is_no_error(home):
    home.others["worker-3"] = LogWriter(
        home.folder / "worker-3", f"{home.key.name}/worker-3", home.pair
    )
    home.others["worker-3"].checkpoint()
    home.write_list(*home.others)
    report = verified(home)
    assert (report.intact, kinds(report)[0]) == (True, [Kind.UNPINNED_LIST])


def test_a_given_list_has_to_be_gone_on_from(home):
    assert verified(home, lists=[home.signed("worker-1"), home.list]).intact
    later = home.signed("worker-1", "worker-2", "worker-3")
    report = verified(home, lists=[later])
    assert (report.intact, kinds(report)[0]) == (False, [Kind.LIST])


def test_a_given_checkpoint_is_held_against_its_own_log(home):
    worker = Given("kept", parse_checkpoint(home.others["worker-1"].note))
    first = Given("kept", parse_checkpoint(home.first.note))
    assert verified(home, given=[worker, first]).intact
    log = home.others["worker-1"]
    log.add(4)
    beyond = Given("kept", parse_checkpoint(log._sign()))
    report = verified(home, given=[beyond])
    assert kinds(report)[1][1][0] is Kind.ROLLED_BACK
    stranger = LogWriter(home.folder.parent / "stranger", "signward/other")
    stranger.add(1)
    report = verified(home, given=[Given("kept", parse_checkpoint(stranger.checkpoint()))])
    assert kinds(report)[1][0] == [Kind.ORIGIN]


def test_records_that_no_checkpoint_covers_say_nothing_of_the_list(home):
    forged = {"logs": 9, "sha256": "00" * 32}
    home.first.add(1, event="listed", key="", version=0, identity="", outcome="", details=forged)
    assert verified(home).intact
    home.first.checkpoint()
    assert not verified(home).intact


def test_damage_in_one_log_is_told_of_there(home):
    path = next((home.folder / "worker-2").glob("*.log"))
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    report = verified(home)
    assert not report.intact
    assert kinds(report)[1][:2] == [[], []]
    assert kinds(report)[1][2]


def test_what_a_record_says_is_read_strictly():
    def said(**details):
        return listing_in(encode_record(record(0, event="listed", details=details)))

    good = "5 " + "A" * 43 + "="
    found = said(logs=2, sha256="ab", **{"worker-1": good, "worker-2": "5 x", "worker-3": 7})
    assert (found.logs, dict(found.heads)) == (2, {"worker-1": (5, bytes(32))})
    assert said(logs="2", sha256="ab") is None
    assert said(logs=2) is None
    assert listing_in(encode_record(record(0, details={"logs": 2, "sha256": "a"}))) is None
    assert listing_in(b'{"event":"listed"') is None
    tail = said(logs=1, sha256="a", **{"worker-1": "1 " + "A" * 42 + "B="})  # not canonical
    assert tail.heads == {}


def test_the_newest_listing_is_found_in_whichever_segment(home):
    folder = list_folder(home.folder)
    assert newest_listing(folder).sequence == 3
    home.first.rotate()
    home.first.add(2)
    assert newest_listing(list_folder(home.folder)).sequence == 3
    home.pin()
    assert newest_listing(list_folder(home.folder)).sequence == 9
    assert newest_listing(list_folder(home.folder / "worker-1")) is None
