"""What a verification ends with, and the option that it needs."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.failures import NOT_VALID, printable
from signward.cli.output import Output
from signward.v1.sign_service_pb2 import VerifyResponse

__all__ = ["SignatureOption", "finish"]

SignatureOption = Annotated[str, typer.Option(metavar="HEX", help="The signature, 64 bytes.")]


def finish(output: Output, answer: VerifyResponse) -> None:
    """Print the verdict.

    Raises:
        Exit: The signature does not verify.
    """
    if output.as_json:
        output.json(answer)
    elif answer.valid:
        output.line(f"valid: made by version {answer.version}")
    else:
        output.line(f"not valid: {printable(answer.reason)}")
    if not answer.valid:
        raise typer.Exit(NOT_VALID)
