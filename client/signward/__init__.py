"""Signward's client: signatures over mTLS from a signing daemon.

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signward.api_keys import NewApiKey
    from signward.audit_tail import AuditTail
    from signward.client import Client
    from signward.credentials import Credentials
    from signward.errors import (
        Aborted,
        AlreadyExists,
        Cancelled,
        CredentialsError,
        DataLoss,
        DeadlineExceeded,
        FailedPrecondition,
        FieldViolation,
        Internal,
        InvalidArgument,
        NotFound,
        PermissionDenied,
        ResourceExhausted,
        SignwardError,
        Unauthenticated,
        Unavailable,
        Unimplemented,
    )
    from signward.health import ServingStatus
    from signward.profiles import Profile
    from signward.requests import hyperliquid_request, order_request, raw_request
    from signward.retry import RetryPolicy
    from signward.status import from_status
    from signward.stream import SignFuture, SignStream
    from signward.v1.admin_service_pb2 import ReloadPart
    from signward.v1.key_service_pb2 import KeyView
    from signward.v1.resources_pb2 import Algorithm, Custody, Freeze, Purpose
    from signward.v1.sign_service_pb2 import Hash

__all__ = [
    "Aborted",
    "Algorithm",
    "AlreadyExists",
    "AuditTail",
    "Cancelled",
    "Client",
    "Credentials",
    "CredentialsError",
    "Custody",
    "DataLoss",
    "DeadlineExceeded",
    "FailedPrecondition",
    "FieldViolation",
    "Freeze",
    "Hash",
    "Internal",
    "InvalidArgument",
    "KeyView",
    "NewApiKey",
    "NotFound",
    "PermissionDenied",
    "Profile",
    "Purpose",
    "ReloadPart",
    "ResourceExhausted",
    "RetryPolicy",
    "ServingStatus",
    "SignFuture",
    "SignStream",
    "SignwardError",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "from_status",
    "hyperliquid_request",
    "order_request",
    "raw_request",
]

# Every name that is not an error, by the module that defines it.
_MODULES = {
    "Algorithm": "signward.v1.resources_pb2",
    "AuditTail": "signward.audit_tail",
    "Client": "signward.client",
    "Credentials": "signward.credentials",
    "Custody": "signward.v1.resources_pb2",
    "Freeze": "signward.v1.resources_pb2",
    "Hash": "signward.v1.sign_service_pb2",
    "KeyView": "signward.v1.key_service_pb2",
    "NewApiKey": "signward.api_keys",
    "Profile": "signward.profiles",
    "Purpose": "signward.v1.resources_pb2",
    "ReloadPart": "signward.v1.admin_service_pb2",
    "RetryPolicy": "signward.retry",
    "ServingStatus": "signward.health",
    "SignFuture": "signward.stream",
    "SignStream": "signward.stream",
    "from_status": "signward.status",
    "hyperliquid_request": "signward.requests",
    "order_request": "signward.requests",
    "raw_request": "signward.requests",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES.get(name, "signward.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
