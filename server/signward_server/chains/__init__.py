"""Payload to Intent and bytes to sign; signatures to a result. Pure."""
