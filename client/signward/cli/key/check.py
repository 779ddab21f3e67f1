"""``signward key check``."""

from __future__ import annotations

import typer

from signward.cli.connection import Session, connected
from signward.cli.failures import NOT_SOUND
from signward.cli.key.options import KeyArgument
from signward.cli.names import name_of
from signward.v1 import key_service_pb2 as pb

__all__ = ["check"]

_HEADER = ("VERSION", "WHAT", "EXPECTED", "FOUND", "WHAT TO DO")


def _row(problem: pb.KeyProblem) -> tuple[str, ...]:
    return (
        str(problem.version),
        name_of(pb.KeyAspect.DESCRIPTOR, problem.aspect),
        problem.expected,
        problem.found,
        problem.message,
    )


@connected
def check(session: Session, key_id: KeyArgument) -> None:
    """Compare where a key is kept with what the daemon knows of it; exit code 1 for problems."""
    with session.client() as client:
        answer = client.check_key(key_id)
    if session.output.as_json:
        session.output.json(answer)
    elif answer.problems:
        session.output.table(_HEADER, [_row(problem) for problem in answer.problems])
    else:
        session.output.line(f"{key_id} is sound")
    if answer.problems:
        raise typer.Exit(NOT_SOUND)
