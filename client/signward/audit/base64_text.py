"""Base64 as RFC 4648, section 4, writes it, and in no other way."""

from __future__ import annotations

import base64
import binascii

__all__ = ["decode_base64", "encode_base64"]


def encode_base64(data: bytes) -> str:
    """Return data in base64, with padding."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Return what a text stands for.

    Raises:
        ValueError: It is not base64, or not the one way to write this.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if encode_base64(data) != text:
        raise ValueError("not the canonical base64 of anything")
    return data
