"""``signward audit check-proof``: exit code 1 when a proof does not hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from signward.audit.checkpoints import Checkpoint
from signward.audit.cosignatures import verify_cosignature
from signward.audit.errors import AuditError
from signward.audit.log_list import key_of
from signward.audit.proof_files import MAX_PROOF, InclusionProof, Proof, parse_proof
from signward.audit.verifier_keys import VerifierKey
from signward.cli.audit.inputs import read_file, read_key
from signward.cli.audit.options import JsonOption, WitnessOption
from signward.cli.failures import NOT_VALID, printable
from signward.cli.output import Output

__all__ = ["check_proof"]

_LATEST = 253_402_300_799  # the last second of the year 9999


def check_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The proof.")],
    key: Annotated[str, typer.Option("--key", metavar="VKEY|FILE", help="The log's public key.")],
    witness: WitnessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a proof; nothing but the log's public key is needed."""
    log_key = read_key(key)
    witnesses = [read_key(text) for text in witness or ()]
    content = read_file(file, MAX_PROOF)
    output = Output(as_json)
    try:
        proof = parse_proof(content)
        proof.check(key_of(log_key, _checkpoint(proof).origin), witnesses)
    except AuditError as error:
        if as_json:
            output.json({"valid": False, "reason": str(error)})
        else:
            output.line(f"not valid: {printable(str(error))}")
        raise typer.Exit(NOT_VALID) from error
    if as_json:
        output.json({"valid": True, **_fields(proof)})
    else:
        output.line(_sentence(proof))
        for each in witnesses:
            output.line(_seen(proof, each))
        if isinstance(proof, InclusionProof):
            output.line(proof.record.decode("ascii"))


def _checkpoint(proof: Proof) -> Checkpoint:
    return proof.checkpoint if isinstance(proof, InclusionProof) else proof.second


def _fields(proof: Proof) -> dict[str, object]:
    if isinstance(proof, InclusionProof):
        return {
            "proof": "inclusion",
            "log": proof.checkpoint.origin,
            "sequence": proof.sequence,
            "size": proof.checkpoint.size,
            "record": json.loads(proof.record),
        }
    return {
        "proof": "consistency",
        "log": proof.second.origin,
        "first": proof.first.size,
        "second": proof.second.size,
    }


def _sentence(proof: Proof) -> str:
    if isinstance(proof, InclusionProof):
        checkpoint = proof.checkpoint
        return (
            f"valid: record {proof.sequence} is in the log {checkpoint.origin}"
            f" of {checkpoint.size} records"
        )
    return (
        f"valid: the log {proof.second.origin} of {proof.second.size} records begins with"
        f" the {proof.first.size} that it had before"
    )


def _seen(proof: Proof, witness: VerifierKey) -> str:
    seconds = min(verify_cosignature(_checkpoint(proof), witness), _LATEST)
    time = datetime.fromtimestamp(seconds, UTC)
    return f"seen by {printable(witness.name)} at {time:%Y-%m-%dT%H:%M:%SZ}"
