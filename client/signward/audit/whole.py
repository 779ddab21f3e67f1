"""Verifying all logs of a home: each by itself, and that none is missing, added or put back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from signward.audit.errors import AuditError, NoteError, SignatureError
from signward.audit.findings import Finding, Findings, Kind
from signward.audit.given import Given
from signward.audit.homes import LogPlace, folder_of, places_of, read_list
from signward.audit.log_list import FIRST, LIST_NAME, LogList, key_of
from signward.audit.marks import Mark
from signward.audit.verifier_keys import VerifierKey
from signward.audit.verifying import Report, verify_log

__all__ = ["WholeReport", "verify_home"]


@dataclass(frozen=True, slots=True)
class WholeReport:
    """What verification of a home came to.

    Attributes:
        logs: What it came to for each log, in the order of the list.
        listed: How many logs the list names; 0: there is none, as for a single log.
        findings: What there is to say of the list.
        intact: Whether nothing speaks against it, nor against any log.
    """

    logs: tuple[Report, ...]
    listed: int
    findings: tuple[Finding, ...]
    intact: bool


def verify_home(
    path: Path,
    key: VerifierKey,
    *,
    given: Sequence[Given] = (),
    lists: Sequence[LogList] = (),
    witnesses: Sequence[VerifierKey] = (),
    floor: int | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], object] = max,
) -> WholeReport:
    """Verify every log of a home, and the list of them.

    Args:
        path: Folder of the first log.
        key: Its public key, from which those of the others follow.
        given: Checkpoints that logs have to go on from; each says of which log it is.
        lists: Lists that the list has to go on from.
        witnesses: Each of them has to have cosigned every given checkpoint.
        floor: As in ``verify_log``, of the first log.
        processes: See there.
        progress: See there; told for one log after the other.

    Raises:
        AuditError: There is no log in the folder.
        OSError: The folder cannot be read.
    """
    findings = Findings()
    folders = sorted(each.name for each in path.iterdir() if folder_of(each))
    origins = {key.name, *(f"{key.name}/{folder}" for folder in folders)}

    def verified(place: LogPlace, pinned: Sequence[Mark], floor: int | None) -> Report:
        return verify_log(
            place.path,
            key_of(key, place.origin),
            given=[each for each in given if _log_of(each, origins, key) == place.origin],
            pinned=pinned,
            witnesses=witnesses,
            floor=floor,
            processes=processes,
            progress=progress,
        )

    # Of a daemon that runs: what a log says of another was so before that one is looked at.
    reports = [verified(LogPlace(key.name, FIRST, path), (), floor)]
    found = _list(path, key, findings)
    places = places_of(path, key.name, found)
    _judge_list(found, lists, reports[0], findings)
    for place in places[1:]:
        try:
            reports.append(verified(place, _pins(reports[0], place), None))
        except (AuditError, OSError):
            text = f"the log {place.origin} is in the list, and not in its folder"
            findings.add(Finding(Kind.MISSING_LOG, text, place.folder))
    for folder in sorted({*folders} - {place.folder for place in places}):
        text = "a log that the list of logs does not name"
        findings.add(Finding(Kind.UNLISTED_LOG, text, folder))
    intact = not findings.errors and all(report.intact for report in reports)
    return WholeReport(tuple(reports), len(found) if found else 0, tuple(findings), intact)


def _list(path: Path, key: VerifierKey, findings: Findings) -> LogList | None:
    try:
        return read_list(path, key)
    except (NoteError, SignatureError) as error:
        findings.add(Finding(Kind.LIST, f"it is not the list of logs: {error}", LIST_NAME))
    except OSError as error:
        findings.add(Finding(Kind.UNREADABLE, f"it cannot be read: {error.strerror}", LIST_NAME))
    return None


def _log_of(given: Given, origins: set[str], key: VerifierKey) -> str:
    """Return which log a checkpoint is held against: its own or, if there is none, the first."""
    origin = given.checkpoint.origin
    return origin if origin in origins else key.name


def _judge_list(
    found: LogList | None, lists: Sequence[LogList], first: Report, findings: Findings
) -> None:
    """Hold the list against what the first log says, and against lists from elsewhere."""
    have = found or LogList(first.log, (FIRST,))
    for older in lists:
        if not have.continues(older):
            text = f"it does not go on from the given list of {len(older)} logs"
            findings.add(Finding(Kind.LIST, text, LIST_NAME))
    wrong = [listing for listing in first.listings if not listing.is_of(have)]
    if wrong:
        said = max(wrong, key=lambda listing: listing.logs)
        is_older = said.logs > len(have)
        text = f"record {said.sequence} of the first log knows a list of {said.logs} logs: "
        text += f"this one, of {len(have)}, is older" if is_older else "this is another one"
        findings.add(Finding(Kind.LIST, text, LIST_NAME, None, said.sequence))
    elif found and len(found) > max((each.logs for each in first.listings), default=1):
        text = "the first log does not say yet that there are so many logs"
        findings.add(Finding(Kind.UNPINNED_LIST, text, LIST_NAME))


def _pins(first: Report, place: LogPlace) -> list[Mark]:
    """Return how far the first log says that another one had come, at its furthest."""
    furthest: Mark | None = None
    for listing in first.listings:
        checkpoint = listing.checkpoint(first.log, place.folder)
        if checkpoint is not None and (furthest is None or checkpoint.size > furthest.size):
            name = f"record {listing.sequence} of the first log"
            furthest = Mark(checkpoint, name, 0, given=True)
    return [furthest] if furthest else []
