"""Names on the command line for the enums of the API."""

from __future__ import annotations

import enum

from google.protobuf.descriptor import EnumDescriptor

from signward.v1 import admin_service_pb2 as admin_pb
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as sign_pb

__all__ = [
    "AlgorithmName",
    "CustodyName",
    "FreezeName",
    "HashName",
    "PartName",
    "PurposeName",
    "name_of",
]


class AlgorithmName(enum.StrEnum):
    """Signature algorithms."""

    ED25519 = "ed25519"
    SECP256K1 = "secp256k1"

    @property
    def number(self) -> resources.Algorithm.ValueType:
        """The value in the API."""
        if self is AlgorithmName.SECP256K1:
            return resources.ALGORITHM_ECDSA_SECP256K1
        return resources.ALGORITHM_ED25519


class PurposeName(enum.StrEnum):
    """What a key may sign."""

    RAW = "raw"
    ORDER = "order"
    HEDERA = "hedera"
    HYPERLIQUID = "hyperliquid"

    @property
    def number(self) -> resources.Purpose.ValueType:
        """The value in the API."""
        return resources.Purpose.Value(f"PURPOSE_{self.name}")


class CustodyName(enum.StrEnum):
    """Where private keys live."""

    ENVELOPE = "envelope"
    AWS_KMS = "aws-kms"
    SHAMIR = "shamir"
    FROST = "frost"

    @property
    def number(self) -> resources.Custody.ValueType:
        """The value in the API."""
        return resources.Custody.Value(f"CUSTODY_{self.name}")


class HashName(enum.StrEnum):
    """What secp256k1 signs of a message."""

    SHA256 = "sha256"
    KECCAK256 = "keccak256"
    PREHASHED = "prehashed"

    @property
    def number(self) -> sign_pb.Hash.ValueType:
        """The value in the API."""
        return sign_pb.Hash.Value(f"HASH_{self.name}")


class FreezeName(enum.StrEnum):
    """What a key is stopped from signing."""

    ALL = "all"
    CANCEL_ONLY = "cancel-only"

    @property
    def number(self) -> resources.Freeze.ValueType:
        """The value in the API."""
        return resources.Freeze.Value(f"FREEZE_{self.name}")


class PartName(enum.StrEnum):
    """What a daemon can read again."""

    POLICY = "policy"
    CERTIFICATES = "certificates"
    LIMITS = "limits"
    GROUPS = "groups"
    LOG = "log"

    @property
    def number(self) -> admin_pb.ReloadPart.ValueType:
        """The value in the API."""
        return admin_pb.ReloadPart.Value(f"RELOAD_PART_{self.name}")


def name_of(kind: EnumDescriptor, number: int) -> str:
    """Return the name of a value without its prefix, the number where it has none."""
    value = kind.values_by_number.get(number)
    if value is None:
        return str(number)
    prefix = kind.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return value.name.removeprefix(prefix).lower().replace("_", "-")
