"""What the SDK takes for a wallet: the address of a key whose private half is elsewhere."""

from __future__ import annotations

import functools
from typing import NoReturn

from signward.client import Client

__all__ = ["DaemonWallet"]


class DaemonWallet:
    """The address of a key of the daemon.

    Args:
        client: The connection to the daemon.
        key: Id of the key.
        version: Version of the key; 0: the primary one.
    """

    def __init__(self, client: Client, key: str, version: int) -> None:
        self._client = client
        self._key = key
        self._version = version

    @functools.cached_property
    def address(self) -> str:
        """Address of the key as in EIP-55, asked for once.

        Raises:
            SignwardError: The daemon does not tell.
        """
        answer = self._client.get_public_key(self._key, version=self._version)
        return answer.public_key.ethereum_address

    def sign_message(self, *_: object, **__: object) -> NoReturn:
        """Refuse.

        Raises:
            TypeError: Always.
        """
        raise TypeError("the daemon signs actions, and nothing is signed in this process")
