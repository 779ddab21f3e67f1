"""The section of the home: by what it is told from a copy of it."""

from __future__ import annotations

from pydantic import Field

from signward_server.config.addresses import OptionalFilePath
from signward_server.config.section import Section

__all__ = ["Home"]


class Home(Section):
    """By what the home is told from a copy of it; a copy signs nothing until it is adopted."""

    machine: str = Field(
        "",
        description="What stands for this machine, any text; empty: what /etc/machine-id says. "
        "Set it where that changes or is shared, as in containers.",
    )
    file_number: bool = Field(
        default=True,
        description="Whether a copy shows in the number that the file system gives the file "
        "`instance`. Turn it off on file systems that number files anew.",
    )
    checkpoint: OptionalFilePath = Field(
        None,
        description="Checkpoint of the audit log that was kept elsewhere, such as by a witness. "
        "At the start the log has to go on from it. Empty for none.",
    )
