"""An audit log as its daemon shows it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from signward.audit.checkpoints import Checkpoint, parse_checkpoint
from signward.audit.errors import AuditError, ProofError, UnprovableError
from signward.audit.merkle import leaf_hash
from signward.audit.proof_files import ConsistencyProof, InclusionProof
from signward.audit.proofs import check_consistency, check_inclusion
from signward.audit.reading import RecordFilter
from signward.audit.records import Record, decode_record
from signward.cli.connection import connected
from signward.client import Client
from signward.errors import InvalidArgument
from signward.v1 import audit_pb2 as pb

__all__ = ["RemoteLog", "listed", "online"]

_PAGE = 500

online = functools.partial(connected, private_key="--private-key")
"""``connected`` for commands in which ``--key`` is a signing key, or that of a log."""


def listed(
    client: Client, wanted: RecordFilter, start: int, page_size: int = _PAGE
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
        page_size=min(page_size, _PAGE),
    ):
        yield found.record, decode_record(found.record)


class RemoteLog:
    """A daemon's log; implements ``witnessing.ShownLog``. What fails is a ``SignwardError``."""

    def __init__(self, client: Client) -> None:
        self._admin = client.admin

    def checkpoint(self) -> bytes:
        """Return its newest checkpoint."""
        return self._admin.get_checkpoint().checkpoint

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Return the proof that it continues what it was.

        Raises:
            UnprovableError: It shows none.
        """
        try:
            return self._admin.prove_consistency(first, second_size=second).hashes
        except InvalidArgument as error:
            raise UnprovableError("the daemon shows no proof") from error

    def prove_inclusion(self, sequence: int) -> InclusionProof:
        """Return the proof that a record is in the log of the newest checkpoint; it holds.

        Raises:
            AuditError: There is no such record, or the proof does not hold.
        """
        answer = self._admin.prove_inclusion(sequence)
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
        answer = self._admin.prove_consistency(first.size)
        second, hashes = _checkpoint(answer), tuple(answer.hashes)
        check_consistency(first.size, second.size, first.root, second.root, hashes)
        return ConsistencyProof(hashes, first, second)

    def _body(self, sequence: int) -> bytes:
        """Return a record of somebody else, which takes the right to read records."""
        for found in self._admin.list_audit_records(sequence, page_size=1):
            if found.sequence == sequence:
                return found.record
            break
        raise AuditError(f"record {sequence} is not in this log")


def _checkpoint(answer: pb.GetAuditProofResponse) -> Checkpoint:
    checkpoint = parse_checkpoint(answer.checkpoint)
    if checkpoint.size != answer.tree_size:
        raise ProofError("the proof is not one to its checkpoint")
    return checkpoint
