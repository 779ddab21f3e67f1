"""``signward key import``: the private key is sealed here, and travels no other way."""

from __future__ import annotations

import os
import shlex
import stat
import sys
import warnings
from getpass import GetPassWarning
from pathlib import Path
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.durations import read_duration
from signward.cli.key.options import LabelOption, RotationOption, read_labels
from signward.cli.key.show import show_key
from signward.cli.names import AlgorithmName, CustodyName, PurposeName
from signward.private_keys import KeyFormat, PrivateKeyError, read_private_key
from signward.sealing import sealer

__all__ = ["import_key"]

_STANDARD_INPUT = Path("-")
_LIMIT = 64 * 1024  # bytes; every form is far smaller
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ADVICE = (
    "The daemon has the key, and nobody can take it out again. Compare its public key with the "
    "one that you expect, back up the daemon's home and its KEK, and then destroy"
)
_CAVEAT = (
    "Overwriting does not reach every copy on an SSD, on a copy-on-write or journaling file "
    "system or on a network drive, and none in backups, snapshots and what editors and shells "
    "remember. Where that matters, rotate to a key that was never outside."
)


@connected
def import_key(
    session: Session,
    file: Annotated[Path, typer.Argument(help="File with the private key; '-': standard input.")],
    key_id: Annotated[str, typer.Option("--id", metavar="KEY", help="Id of the new key.")],
    algorithm: Annotated[AlgorithmName, typer.Option(help="Signature algorithm.")],
    purpose: Annotated[PurposeName, typer.Option(help="The only payload it will sign.")],
    form: Annotated[
        KeyFormat, typer.Option("--format", help="How the file is written.")
    ] = KeyFormat.AUTO,
    custody: Annotated[CustodyName, typer.Option(help="Where it lives.")] = CustodyName.ENVELOPE,
    owner: Annotated[str, typer.Option(help="Identity it belongs to; default: you.")] = "",
    user_id: Annotated[str, typer.Option(help="The owner's customer.")] = "",
    label: LabelOption = None,
    network: Annotated[str, typer.Option(help="Ledger network to pin it to.")] = "",
    vault: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Hyperliquid vault to pin it to.")
    ] = "",
    unlock_ttl: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long it stays unlocked, as 30s.")
    ] = None,
    grace_period: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long old versions sign, as 30d.")
    ] = None,
    rotation_period: RotationOption = None,
    allow_digest: Annotated[
        bool, typer.Option("--allow-digest", help="May sign bare 32-byte digests.")
    ] = False,
    validate_only: Annotated[
        bool, typer.Option("--validate-only", help="Check everything, import nothing.")
    ] = False,
) -> None:
    """Create a key from a private key in a file, which is sealed before it leaves this process."""
    labels = read_labels(label)
    unlock, grace = read_duration(unlock_ttl), read_duration(grace_period)
    private_key = _private_key(file, form, algorithm)
    with session.client() as client:
        key = client.import_key(
            key_id,
            sealer(private_key),
            algorithm=algorithm.number,
            purpose=purpose.number,
            custody=custody.number,
            owner=owner,
            user_id=user_id,
            labels=labels,
            network=network,
            vault_address=vault,
            unlock_ttl=unlock,
            grace_period=grace,
            rotation_period=read_duration(rotation_period),
            allow_digest=allow_digest,
            validate_only=validate_only,
        )
    show_key(session.output, key)
    if not validate_only:
        typer.echo(_farewell(file), err=True)


def _private_key(file: Path, form: KeyFormat, algorithm: AlgorithmName) -> bytes:
    """Return the private key, 32 bytes.

    Raises:
        BadParameter: Others may read the file, or it holds no such key.
    """
    try:
        return read_private_key(_read(file), form, algorithm.number, _passphrase)
    except PrivateKeyError as error:
        raise typer.BadParameter(str(error)) from error


def _read(file: Path) -> bytes:
    if file == _STANDARD_INPUT:
        content = sys.stdin.buffer.read(_LIMIT + 1)
    else:
        try:
            with file.open("rb") as stream:
                if stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & _OTHERS:
                    raise typer.BadParameter(
                        f"others may read {file}, so this key may be known: consider a new one. "
                        f"To import it all the same, run: chmod 600 {shlex.quote(str(file))}"
                    )
                content = stream.read(_LIMIT + 1)
        except OSError as error:
            raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > _LIMIT:
        raise typer.BadParameter(f"{file} is larger than 64 KiB: no private key is")
    return content


def _passphrase() -> bytes:
    """Return the passphrase of an encrypted file: from the terminal, without one from a pipe."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return str(typer.prompt("Passphrase", hide_input=True, err=True)).encode()
        except GetPassWarning as error:  # no terminal
            if line := sys.stdin.buffer.readline():
                return line.removesuffix(b"\n")
            raise typer.BadParameter(
                "the file is encrypted, and there is no terminal to ask for its passphrase on; "
                "run it on one, or pipe the passphrase in"
            ) from error


def _farewell(file: Path) -> str:
    """Return how to destroy the source."""
    if file == _STANDARD_INPUT:
        how = "the source."
    else:
        how = f"the source:\n  shred -u {shlex.quote(str(file))}"
    return f"{_ADVICE} {how}\n{_CAVEAT}"
