"""The section of audit: where the log is, how safe a record is, and how much is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from signward.audit.errors import NoteError
from signward.audit.verifier_keys import KeyType, parse_verifier_key

from signward_server.config.addresses import FilePath
from signward_server.config.quantities import Duration, Size
from signward_server.config.section import Section, contradiction

__all__ = ["Audit"]

_KIB = 2**10
_MIB = 2**20
_GIB = 2**30
_NONE = timedelta(0)


def _witness(text: str) -> str:
    """Return the public key of a witness as it is."""
    try:
        of_witness = parse_verifier_key(text).type is KeyType.COSIGNATURE
    except NoteError:
        of_witness = False
    if not of_witness:
        fix = "copy what `signward audit witness-key` has printed"
        raise PydanticCustomError("witness", "is no public key of a witness", {"fix": fix})
    return text


class Audit(Section):
    """What was done, in a log that nobody can change unseen.

    Nothing is signed that is not in it; while it cannot be written, nothing is signed.
    """

    folder: FilePath = Field(
        Path("audit"), description="Folder of the log; each daemon has one of its own."
    )
    origin: str = Field(
        "",
        max_length=128,
        pattern=r"^[!-*,-~]*$",
        description="Name of the log, which belongs to no other one; `signward init` and "
        "`signward audit init` choose it. Printable ASCII without spaces and `+`.",
    )
    checkpoint_key: FilePath = Field(
        Path("audit.key"),
        description="Ed25519 key that signs checkpoints: PKCS#8 in PEM, mode 0600 or 0640, "
        "outside of the folder. Its public half stands beside it, in a file that ends in .pub.",
    )
    witnesses: tuple[Annotated[str, AfterValidator(_witness)], ...] = Field(
        (),
        max_length=16,
        strict=False,
        description="Public keys of the witnesses that cosign its checkpoints elsewhere, as "
        "`signward audit witness-key` prints them. Name one in production: without, whoever has "
        "the checkpoint key can write another history.",
    )
    durability: Literal["group", "sync", "async"] = Field(
        "group",
        description="What is done with a record before the answer leaves. `group`: written to "
        "the operating system, and brought to the disk every 50 ms; `sync`: on the disk; `async`: "
        "nothing, it is written within 10 ms.",
    )
    segment_size: Size = Field(
        64 * _MIB,
        ge=64 * _KIB,
        le=16 * _GIB,
        description="A new file is begun when one has this size.",
    )
    segment_age: Duration = Field(
        timedelta(days=1),
        ge=timedelta(seconds=1),
        le=timedelta(days=365),
        description="A new file is begun when one is this old.",
    )
    retention_age: Duration = Field(
        _NONE, description='Files this old are removed; "0s" keeps them for ever.'
    )
    retention_size: Size = Field(
        0, description="The oldest files are removed while all have more than this; 0: none is."
    )
    reserve: Size = Field(
        64 * _MIB,
        le=1024 * _GIB,
        description="Space that is kept for signatures: with less than this free, failures are "
        "counted only.",
    )
    upload: tuple[str, ...] = Field(
        (),
        max_length=64,
        strict=False,
        description="Command that takes each finished file away: the paths of the file and of "
        "its checkpoints are put after its words, and it is run again until it ends with 0. "
        "Only then retention removes the file. Empty for none.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.checkpoint_key.is_relative_to(self.folder):
            raise contradiction(
                "checkpoint_key", "lies in audit.folder", "move it out: copies of the log go around"
            )
        if 0 < self.retention_size < self.segment_size:
            raise contradiction(
                "retention_size",
                "is below audit.segment_size",
                "raise it to at least audit.segment_size, or lower that",
            )
        if self.upload and not self.upload[0]:
            raise contradiction("upload", "has no command", "name the program first, or use []")
        return self
