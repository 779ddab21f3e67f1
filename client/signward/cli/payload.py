"""What to sign, from an argument, a file or standard input."""

from __future__ import annotations

import base64
import binascii
import enum
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Encoding",
    "EncodingOption",
    "FileOption",
    "MessageArgument",
    "read_file",
    "read_hex",
    "read_message",
]

_LIMIT = 1024 * 1024  # bytes; the daemon takes 64 KiB, twice that as hex


class Encoding(enum.StrEnum):
    """How the message is written down."""

    TEXT = "text"
    HEX = "hex"
    BASE64 = "base64"


MessageArgument = Annotated[
    str | None, typer.Argument(metavar="MESSAGE", help="The message itself.", show_default=False)
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="Read the message from a file; '-': standard input."),
]
EncodingOption = Annotated[
    Encoding, typer.Option(help="How it is written; text: the bytes as they are.")
]


def read_message(message: str | None, file: Path | None, encoding: Encoding) -> bytes:
    """Return the bytes to sign.

    Raises:
        BadParameter: Not exactly one source is given, or it cannot be read or decoded.
    """
    if (message is None) == (file is None):
        raise typer.BadParameter("give either MESSAGE or --file PATH ('-': standard input)")
    content = read_file(file) if file is not None else (message or "").encode()
    if encoding is Encoding.TEXT:
        return content
    try:
        if encoding is Encoding.HEX:
            return binascii.unhexlify(b"".join(content.split()))
        return base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error as error:
        raise typer.BadParameter(f"the message is not {encoding.value}") from error


def read_file(file: Path) -> bytes:
    """Return what stands in a file; ``-``: on standard input.

    Raises:
        BadParameter: It cannot be read, or is larger than 1 MiB.
    """
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(_LIMIT + 1)
        else:
            with file.open("rb") as stream:
                content = stream.read(_LIMIT + 1)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > _LIMIT:
        raise typer.BadParameter(f"{file} is larger than 1 MiB")
    return content


def read_hex(text: str, what: str) -> bytes:
    """Return bytes from hex digits, with or without ``0x``.

    Raises:
        BadParameter: The text is not hex.
    """
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise typer.BadParameter(f"{what} is not hex") from error
