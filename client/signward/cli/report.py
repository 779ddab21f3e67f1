"""Errors of the client as one line and an exit code; the codes are listed in ``failures``."""

from __future__ import annotations

import json
import math

from signward import errors
from signward.cli.failures import INTERNAL, printable
from signward.cli.unreachable import cause, remedy

__all__ = ["exit_code", "line"]

_EXIT_CODES: dict[type[errors.SignwardError], int] = {
    errors.CredentialsError: 2,
    errors.Unauthenticated: 3,
    errors.PermissionDenied: 3,
    errors.NotFound: 4,
    errors.InvalidArgument: 5,
    errors.FailedPrecondition: 5,
    errors.AlreadyExists: 5,
    errors.Aborted: 5,
    errors.Unavailable: 6,
    errors.DeadlineExceeded: 6,
    errors.ResourceExhausted: 6,
    errors.Cancelled: 6,
}

# Where the class of the status says too little: waiting does not help.
_EXIT_CODE_BY_REASON = {"MESSAGE_TOO_LARGE": 5, "API_KEY_QUOTA": 5, "KEY_VERSION_QUOTA": 5}

_UNREACHABLE = "UNAVAILABLE"  # the daemon gave no reason of its own

_UNNAMED = "JSON works without time, nonce, signatureChainId and hyperliquidChain"

# What to do next, by reason first and by class otherwise.
_NEXT_BY_REASON = {
    "PROFILE_INVALID": "or give --profile, or --target, --ca, --cert and --key (or --api-key-file)",
    "IDENTITY_MISSING": "give --cert and --key, or --api-key-file",
    "IDENTITY_UNKNOWN": "use a certificate that the daemon's configuration accepts",
    "IDENTITY_CONFLICT": "use a certificate and an API key of one identity",
    "CERTIFICATE_INVALID": "renew the client certificate",
    "CERTIFICATE_REVOKED": "use another client certificate",
    "API_KEY_INVALID": "check the API key, and the addresses that it may be used from",
    "API_KEY_EXPIRED": "an operator may run 'signward apikey create'",
    "API_KEY_REVOKED": "an operator may run 'signward apikey create'",
    "API_KEY_NOT_FOUND": "see 'signward apikey list'",
    "AGENT_NOT_FOUND": "see 'signward agent list'",
    "API_KEY_EXISTS": "see 'signward apikey list'; revoked ones stay known",
    "API_KEY_QUOTA": "use those that there are; revoked and expired ones count",
    "POLICY_ERROR": "an operator has to look at the daemon's log",
    "KEY_NOT_FOUND": "see 'signward key list'",
    "KEY_VERSION_NOT_FOUND": "see 'signward key get'",
    "KEY_VERSION_RETIRED": "sign with the primary version; see 'signward key versions'",
    "KEY_VERSION_PENDING": "see 'signward key activate'",
    "KEY_VERSION_NOT_PENDING": "see 'signward key versions'",
    "KEY_VERSION_NOT_SCHEDULED": "see 'signward key versions'",
    "KEY_VERSION_PRIMARY": "run 'signward key rotate' or 'signward key disable' first",
    "KEY_VERSION_QUOTA": "create another key in its place",
    "KEY_DISABLED": "an operator may run 'signward key enable'",
    "KEY_FROZEN": "an operator may run 'signward key unfreeze'",
    "KEY_EXISTS": "use it, or choose another id",
    "KEY_PURPOSE_MISMATCH": "use a key that was created for this payload",
    "REQUEST_ID_REUSED": "give a new --request-id",
    "ETAG_MISMATCH": "read the key again, then decide again",
    "MESSAGE_TOO_LARGE": "send less at once",
    "NETWORK_MISMATCH": f"use a key of that network; {_UNNAMED}",
    "NONCE_OUT_OF_WINDOW": f"leave the nonce to the daemon; {_UNNAMED}",
    "CLOCK_UNTRUSTED": "an operator has to look at the clock of the daemon's machine",
    "SPEND_LIMIT": "ask for less: by itself it is above the limit",  # with no time to wait
    "PAYLOAD_UNSUPPORTED": "see what the daemon signs in its documentation",
}
_NEXT_BY_CLASS: dict[type[errors.SignwardError], str] = {
    errors.Unauthenticated: "check the client certificate or the API key",
    errors.PermissionDenied: "ask whoever writes the daemon's policy",
    errors.InvalidArgument: "correct the request",
    errors.FailedPrecondition: "see the key's state with 'signward key get'",
    errors.Unavailable: "try again later",
    errors.ResourceExhausted: "try again later",
    errors.DeadlineExceeded: "try again, or give a longer --timeout",
    errors.Unimplemented: "use a newer daemon",
    errors.DataLoss: "an operator has to look at the daemon's log",
    errors.Internal: "an operator has to look at the daemon's log",
}


def exit_code(error: errors.SignwardError) -> int:
    """Return the exit code for an error of the client."""
    if error.reason in _EXIT_CODE_BY_REASON:
        return _EXIT_CODE_BY_REASON[error.reason]
    return next((_EXIT_CODES[cls] for cls in type(error).mro() if cls in _EXIT_CODES), INTERNAL)


def line(error: errors.SignwardError, *, as_json: bool) -> str:
    """Return the one line for an error: what happened, the reason, what to do next."""
    step = _next_step(error)
    if as_json:
        fields = {v.field: v.description for v in error.violations}
        return json.dumps(
            {
                "error": {
                    "status": error.status.name,
                    "reason": error.reason,
                    "message": error.message,
                    "metadata": dict(error.metadata),
                    "fields": fields,
                    "retryAfter": error.retry_after,
                    "next": step,
                }
            }
        )
    text = printable(_text(error))
    return f"signward: {text}; {step}" if step else f"signward: {text}"


def _text(error: errors.SignwardError) -> str:
    if error.violations:
        fields = "; ".join(f"{v.field}: {v.description.rstrip('.')}" for v in error.violations)
        return f"{error.reason}: {fields}"
    message = cause(error.message).rstrip(".")
    if policies := error.metadata.get("policies"):
        return f"{error.reason}: {message} (denied by {policies})"
    return f"{error.reason}: {message}" if message else error.reason


def _next_step(error: errors.SignwardError) -> str:
    if error.retry_after:
        return f"try again in {_wait(error.retry_after)}"
    if digest := error.metadata.get("approval_digest"):
        return f"somebody else may run 'signward approve {digest} --expires 10m'"
    if error.metadata.get("freeze") == "CANCEL_ONLY":
        return f"it still signs what cancels; for more, {_NEXT_BY_REASON[error.reason]}"
    if error.reason == _UNREACHABLE:
        return remedy(error.message)
    return _NEXT_BY_REASON.get(error.reason) or _NEXT_BY_CLASS.get(type(error), "")


def _wait(seconds: float) -> str:
    """Return a duration as people say it, rounded up beyond two minutes."""
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{math.ceil(seconds / unit)} {name}"
    return f"{seconds:.3g} s"
