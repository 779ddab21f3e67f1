"""An audit log as its daemon shows it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from signward.audit.checkpoints import Checkpoint, parse_checkpoint
from signward.audit.errors import AuditError, ProofError, UnprovableError
from signward.audit.homes import LogPlace
from signward.audit.log_list import FIRST
from signward.audit.merkle import leaf_hash
from signward.audit.notes import parse_note
from signward.audit.proof_files import ConsistencyProof, InclusionProof
from signward.audit.proofs import check_consistency, check_inclusion
from signward.audit.reading import RecordFilter
from signward.audit.records import Record, decode_record
from signward.cli.audit.logs import by_time, chosen, one_of
from signward.cli.connection import connected
from signward.cli.failures import note
from signward.client import Client
from signward.errors import InvalidArgument, PermissionDenied
from signward.v1 import audit_pb2 as pb

__all__ = ["RemoteLog", "every_log", "listed", "merged_online", "online"]

_PAGE = 500

online = functools.partial(connected, private_key="--private-key")
"""``connected`` for commands in which ``--key`` is a signing key, or that of a log."""


def listed(
    client: Client, wanted: RecordFilter, start: int, page_size: int = _PAGE, log: str = ""
) -> Iterator[tuple[bytes, Record]]:
    """Yield records that fit, as they stand in the log and decoded; nothing is verified.

    Raises:
        SignwardError: The daemon does not show them.
        RecordError: What it shows is no record.
    """
    for found in client.admin.list_audit_records(
        start,
        identity=wanted.identity,
        key=wanted.key,
        outcome=wanted.outcome,
        event=wanted.event,
        since=wanted.since,
        until=wanted.until,
        log=log,
        page_size=min(page_size, _PAGE),
    ):
        yield found.record, decode_record(found.record)


def every_log(client: Client, log: str, *, alone: bool = False) -> list[str]:
    """Return the origins of the logs that are meant, of those that the daemon says it has.

    Args:
        client: Asks it.
        log: The one that is named, as in ``--log``; empty: all.
        alone: Whether it has to be one.

    Raises:
        AuditError: It has none of this name, or several and one has to be named.
        SignwardError: The daemon does not say.
    """
    try:
        answer = client.admin.get_checkpoint()
    except PermissionDenied:
        note("which logs there are may not be asked: this is one of them")
        return [log]
    origins = _origins(answer.log_list) or [answer.log]
    places = [
        LogPlace(origin, FIRST if origin == origins[0] else origin.rpartition("/")[2], Path())
        for origin in origins
    ]
    found = [one_of(places, log)] if alone else chosen(places, log)
    return [place.origin for place in found]


def _origins(listed: bytes) -> list[str]:
    """Return the origins in a list of logs; who signed it is for those who verify."""
    if not listed:
        return []
    text = parse_note(listed).text
    return [line.partition(" ")[0] for line in text.splitlines()[2:]]


def merged_online(
    logs: Sequence[str], records: Callable[[str], Iterator[tuple[bytes, Record]]]
) -> Iterator[tuple[str, bytes, Record]]:
    """Yield the records of logs by their times, as ``logs.merged`` does."""

    def of(log: str) -> Iterator[tuple[str, bytes, Record]]:
        for body, record in records(log):
            yield log, body, record

    yield from by_time([of(log) for log in logs])


class RemoteLog:
    """A daemon's log; implements ``witnessing.ShownLog``. What fails is a ``SignwardError``.

    Args:
        client: Asks the daemon.
        log: Its origin; empty: that of the worker that answers.
        newest: Its newest checkpoint, if it was asked for just now.
    """

    def __init__(self, client: Client, log: str = "", newest: bytes = b"") -> None:
        self._admin = client.admin
        self._log = log
        self._newest = newest

    def checkpoint(self) -> bytes:
        """Return its newest checkpoint."""
        return self._newest or self._admin.get_checkpoint(log=self._log).checkpoint

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Return the proof that it continues what it was.

        Raises:
            UnprovableError: It shows none.
        """
        try:
            return self._admin.prove_consistency(first, second_size=second, log=self._log).hashes
        except InvalidArgument as error:
            raise UnprovableError("the daemon shows no proof") from error

    def prove_inclusion(self, sequence: int) -> InclusionProof:
        """Return the proof that a record is in the log of the newest checkpoint; it holds.

        Raises:
            AuditError: There is no such record, or the proof does not hold.
        """
        answer = self._admin.prove_inclusion(sequence, log=self._log)
        body = answer.record.record or self._body(sequence)
        checkpoint = _checkpoint(answer)
        hashes = tuple(answer.hashes)
        leaf = leaf_hash(body)
        check_inclusion(sequence, checkpoint.size, leaf, checkpoint.root, hashes)
        return InclusionProof(sequence, body, hashes, checkpoint)

    def prove_consistency(self, first: Checkpoint) -> ConsistencyProof:
        """Return the proof that the log of the newest checkpoint continues that of another.

        Raises:
            AuditError: It does not.
        """
        answer = self._admin.prove_consistency(first.size, log=self._log)
        second, hashes = _checkpoint(answer), tuple(answer.hashes)
        check_consistency(first.size, second.size, first.root, second.root, hashes)
        return ConsistencyProof(hashes, first, second)

    def _body(self, sequence: int) -> bytes:
        """Return a record of somebody else, which takes the right to read records."""
        for found in self._admin.list_audit_records(sequence, log=self._log, page_size=1):
            if found.sequence == sequence:
                return found.record
            break
        raise AuditError(f"record {sequence} is not in this log")


def _checkpoint(answer: pb.GetAuditProofResponse) -> Checkpoint:
    checkpoint = parse_checkpoint(answer.checkpoint)
    if checkpoint.size != answer.tree_size:
        raise ProofError("the proof is not one to its checkpoint")
    return checkpoint
