"""The section of caps: how much may be signed within a window of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from signward_server.config.quantities import Duration
from signward_server.config.section import Section

__all__ = ["CapRule", "Caps"]

_MOST = 64
_NAME = r"[a-z][a-z0-9_]{0,63}"
_is_name = re.compile(_NAME).fullmatch
_Action = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{0,63}$")]


def _name(text: str) -> str:
    if not _is_name(text):
        fix = "use 1 to 64 of a-z 0-9 _, a letter first"
        raise PydanticCustomError("cap", "is no name for a cap", {"fix": fix})
    return text


_CapName = Annotated[str, AfterValidator(_name)]


class CapRule(Section):
    """A sum or count over a sliding window, for policies to go by.

    Policies read it as `context.window.<name>`, the payload in question included, in the actions
    that it names. See [caps.md](caps.md).
    """

    measure: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}$",
        description='What is summed up: `"count"`, or a number that all of the actions have, such '
        "as `notional`.",
    )
    actions: tuple[_Action, ...] = Field(
        min_length=1, max_length=64, strict=False, description="Which payloads are counted."
    )
    window: Duration = Field(
        ge=timedelta(seconds=1),
        le=timedelta(days=366),
        description="How long what was counted counts.",
    )
    per: Literal["identity", "key", "account"] = Field(
        description="What has a window of its own; the account is the ledger's that the key, or "
        "the vault of the payload, belongs to."
    )


class Caps(Section):
    """Sums and counts over windows, by the names that policies use; a restart takes them over."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"propertyNames": {"pattern": f"^{_NAME}$"}}
    )
    __pydantic_extra__: dict[_CapName, CapRule]

    free: ClassVar[FieldInfo] = FieldInfo(
        annotation=CapRule,
        description="A cap, see below; `[caps.<name>]` with its keys.",
        examples=[
            'daily = { measure = "count", actions = ["SignRaw"], window = "24h", per = "key" }',
        ],
    )

    @property
    def rules(self) -> Mapping[str, CapRule]:
        """All of them, by name."""
        return self.__pydantic_extra__ or {}

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if len(self.rules) > _MOST:
            fix = f"use at most {_MOST}"
            raise PydanticCustomError("caps", "has too many entries", {"fix": fix})
        return self
