"""The sections of policy: where the policies lie, and which identities belong together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from signward_server.config.addresses import FilePath
from signward_server.config.section import Section
from signward_server.core.identity import Identity
from signward_server.core.identity_names import identity_of

__all__ = ["GroupName", "Groups", "Members", "Policy"]

_MOST_GROUPS = 1000
_MOST_MEMBERS = 100_000  # in all groups together
_LONGEST_NAME = 64

_NAME = r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?"
_is_name = re.compile(_NAME).fullmatch


def _group_name(name: str) -> str:
    if len(name) > _LONGEST_NAME or not _is_name(name):
        fix = "use 1 to 64 of a-z 0-9 . _ -, a letter or digit first and last"
        raise PydanticCustomError("group", "is no name for a group", {"fix": fix})
    return name


def _member(text: str) -> str:
    if identity_of(text) is None:
        fix = "write it like cn:admin, dns:bot.local, spiffe://prod/ops or apikey:backend"
        raise PydanticCustomError("identity", "is no identity", {"fix": fix})
    return text


GroupName = Annotated[str, AfterValidator(_group_name)]
Members = Annotated[tuple[Annotated[str, AfterValidator(_member)], ...], Field(strict=False)]


class Policy(Section):
    """Who may do what. Nothing is allowed but by a policy."""

    folder: FilePath = Field(
        Path("policies"),
        description="Folder of the Cedar policies: every file in it that ends in .cedar.",
    )


class Groups(Section):
    """Groups of identities, by the names that policies use. Nobody is in a group otherwise."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"propertyNames": {"pattern": f"^{_NAME}$"}}
    )
    __pydantic_extra__: dict[GroupName, Members]

    free: ClassVar[FieldInfo] = FieldInfo(
        annotation=tuple[str, ...],
        description="Identities in typed form; `[]` for nobody.",
        examples=['admins = ["cn:admin", "spiffe://prod/ops"]'],
    )

    @property
    def members(self) -> Mapping[str, tuple[Identity, ...]]:
        """The members of each group."""
        return {
            name: tuple(identity for text in texts if (identity := identity_of(text)))
            for name, texts in (self.__pydantic_extra__ or {}).items()
        }

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        groups = self.__pydantic_extra__ or {}
        if len(groups) > _MOST_GROUPS or sum(map(len, groups.values())) > _MOST_MEMBERS:
            fix = f"use at most {_MOST_GROUPS} groups with {_MOST_MEMBERS} members together"
            raise PydanticCustomError("groups", "has too many entries", {"fix": fix})
        return self
