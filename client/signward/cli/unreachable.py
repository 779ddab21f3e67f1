"""Why no connection was made: grpc's own words, and what to do about each."""

from __future__ import annotations

import re

__all__ = ["cause", "remedy"]

_PREAMBLE = re.compile(r"failed to connect to all addresses; last error: (?:[A-Z_]+: )?")
_REMEDIES = (
    ("Connection refused", "start the daemon with 'signward serve', or correct the target"),
    ("No such file or directory", "start the daemon with 'signward serve', or correct the target"),
    ("errors resolving", "correct the target"),
    ("CERTIFICATE_VERIFY_FAILED", "give the CA of the daemon's certificate, --ca"),
    ("Hostname Verification", "give the name in the daemon's certificate, --server-name"),
    # All that TLS 1.3 tells a client whose certificate was refused.
    (
        "Socket closed",
        "if this is the daemon, it wants a certificate, or yours has expired or is from another CA",
    ),
)
_OTHERWISE = "check the target, that the daemon runs, and that both sides trust the CAs"


def cause(message: str) -> str:
    """Return what grpc says of a connection that failed, without its preamble."""
    return _PREAMBLE.sub("", message, count=1)


def remedy(message: str) -> str:
    """Return what to do about it."""
    return next((text for sign, text in _REMEDIES if sign in message), _OTHERWISE)
