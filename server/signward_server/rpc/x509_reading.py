"""What reading a certificate or a list that anybody may have made takes."""

from __future__ import annotations

from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

__all__ = ["MALFORMED", "extension"]

# What cryptography raises on bytes that it cannot read, at load or at first access. It warns
# of some, such as names that are too long: where warnings are errors, these end here too.
MALFORMED = (
    Warning,
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """Return the extension of this kind, ``None`` if there is none.

    Raises:
        Exception: One of ``MALFORMED``.
    """
    for each in certificate.extensions:
        if isinstance(each.value, kind):
            return each.value
    return None
