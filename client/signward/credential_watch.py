"""Whether the files of a connection's credentials have changed, and what they hold then."""

from __future__ import annotations

import logging

from signward.credentials import Credentials

__all__ = ["CredentialWatch"]

_log = logging.getLogger("signward.renewal")
_SPARE = 10.0  # seconds before its end that a certificate counts as run out


class CredentialWatch:
    """What a renewal remembers from look to look."""

    def __init__(self) -> None:
        self._read_twice = False
        self._problem = ""

    def is_ending(self, credentials: Credentials) -> bool:
        """Say whether the certificate in use has run out, or does so in a moment."""
        return credentials.seconds_left < _SPARE

    def must_read(self, credentials: Credentials) -> bool:
        """Say whether the files are to be read; costs microseconds."""
        if credentials.files is None:
            return False
        return self._read_twice or credentials.files.have_changed or self.is_ending(credentials)

    def read(self, credentials: Credentials) -> Credentials:
        """Read what the files hold now.

        Raises:
            CredentialsError: That cannot be used.
        """
        fresh = credentials.read_again()
        if fresh != credentials:
            fresh.ensure_valid()
        return fresh

    def took(self, before: Credentials) -> None:
        """Hear that what was read is in use now, in place of what was read before."""
        # What is written twice within a tick of the file system's clock looks the same.
        self._read_twice = before.files is not None and before.files.have_changed
        self._problem = ""

    def say(self, problem: str) -> None:
        """Log what keeps the old credentials in use, once."""
        if problem != self._problem:
            self._problem = problem
            _log.warning("the old credentials stay in use: %s", problem)
