"""The section of TLS: what the daemon shows of itself, and whose callers it believes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from signward_server.config.addresses import FilePath
from signward_server.config.section import Section, contradiction

__all__ = ["ClientCa", "Tls"]

_SOCKET = r"^(unix:/[!-~]+)?$"
_Name = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[!-~]+$")]


class ClientCa(Section):
    """A CA that client certificates may come from."""

    file: FilePath = Field(description="PEM bundle of the CA.")
    names: tuple[_Name, ...] = Field(
        (),
        strict=False,
        description=(
            "What it may assert: trust domains for spiffe, names for dns and cn; empty allows any "
            "and is refused beside a second CA."
        ),
    )


def _default_client_ca() -> Any:  # noqa: ANN401  # still to be validated, like all defaults
    return [{"file": "tls/client-ca.crt"}]


class Tls(Section):
    """The daemon's own certificate, and whose clients it believes. Any PKI's PEM files will do."""

    certificate: FilePath = Field(
        Path("tls/server.crt"), description="PEM chain of the daemon, its own certificate first."
    )
    private_key: FilePath = Field(
        Path("tls/server.key"), description="Its unencrypted PEM key; mode 0600 or 0640."
    )
    client_ca: tuple[ClientCa, ...] = Field(
        default_factory=_default_client_ca,
        min_length=1,
        max_length=64,
        strict=False,
        description="CAs of the clients, each with the names that it may assert.",
    )
    revocation: tuple[FilePath, ...] = Field(
        (),
        max_length=64,
        strict=False,
        description="Revocation lists of these CAs (CRL, PEM or DER), whole ones; a list that is "
        "overdue still counts.",
    )
    identity: Literal["spiffe", "dns", "cn"] = Field(
        "cn",
        description=(
            "The one kind of name that says who calls: SPIFFE URI, DNS name or common name."
        ),
    )
    spiffe_socket: Annotated[str, StringConstraints(max_length=112, pattern=_SOCKET)] = Field(
        "",
        description="SPIFFE Workload API to take certificate and CAs from instead of these files, "
        "`unix:/PATH`; takes the extra `spiffe`.",
    )

    @model_validator(mode="after")
    def _bound(self) -> Self:
        if len(self.client_ca) > 1 and not all(ca.names for ca in self.client_ca):
            raise contradiction(
                "client_ca",
                "has several CAs, and not each says which names it may assert",
                "give each one its names",
            )
        if self.spiffe_socket and self.identity != "spiffe":
            raise contradiction(
                "identity",
                "is another kind than that of tls.spiffe_socket",
                'set it to "spiffe"',
            )
        return self
