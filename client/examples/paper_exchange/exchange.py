"""The exchange: a posted body in, its answer out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from paper_exchange.accounts import Accounts
from paper_exchange.answers import DEFAULT, Rejected
from paper_exchange.info import answered
from paper_exchange.markets import Markets
from paper_exchange.nonces import Nonces
from paper_exchange.signers import Json, inner_signer, is_user_signed, signer
from paper_exchange.trading import TRADING
from paper_exchange.transfers import TRANSFERS

__all__ = ["Exchange"]


def _now() -> int:
    return time.time_ns() // 1_000_000


class Exchange:
    """Threads may share it.

    Args:
        is_mainnet: Which network's signatures it takes.
        clock: Milliseconds since 1970.

    Attributes:
        accounts: Open those that shall exist; everybody else is a stranger.
        markets: The books.
    """

    def __init__(self, *, is_mainnet: bool = False, clock: Callable[[], int] = _now) -> None:
        self.accounts = Accounts()
        self.markets = Markets()
        self._is_mainnet = is_mainnet
        self._clock = clock
        self._nonces = Nonces()
        self._lock = threading.Lock()

    def post(self, body: Json) -> dict[str, Any]:
        """Answer what came to ``/exchange``."""
        try:
            who = signer(body, is_mainnet=self._is_mainnet)
            with self._lock:
                now = self._clock()
                account = self._admitted(who, body, now)
                action = body["action"]
                if action["type"] == "multiSig":
                    account, action = self._of_several(who, body), action["payload"]["action"]
                return self._carried_out(account, action, now)
        except Rejected as refusal:
            return {"status": "err", "response": str(refusal)}
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            return {"status": "err", "response": "Failed to deserialize the JSON body"}

    def info(self, request: Json) -> Any:  # noqa: ANN401 -- JSON of any form
        """Answer what came to ``/info``.

        Raises:
            KeyError: It is nothing that this exchange knows.
        """
        with self._lock:
            return answered(self.accounts, self.markets, request)

    def trade(self, account: str, action: Json) -> dict[str, Any]:
        """Carry out an action of an account of this exchange's own, which needs no signature."""
        with self._lock:
            return self._carried_out(account, action, self._clock())

    def _carried_out(self, account: str, action: Json, now: int) -> dict[str, Any]:
        self.markets.cancel_what_is_due(now)
        kind = action["type"]
        if kind in TRADING:
            return TRADING[kind](self.accounts, self.markets, account, action, now)
        if kind in TRANSFERS:
            return TRANSFERS[kind](self.accounts, account, action)
        return DEFAULT

    def _admitted(self, who: str, body: Json, now: int) -> str:
        """Return the account that a body acts for; its nonce is used from now on.

        Raises:
            Rejected: The signer may not, or the body is too late, or its nonce no good.
        """
        action, vault, nonce = body["action"], body.get("vaultAddress"), body["nonce"]
        own = is_user_signed(action)  # agents cannot do these
        account = self.accounts.acted_for(who, None if own else vault, as_agent=not own)
        if account is None:
            raise Rejected(f"User or API Wallet {who} does not exist.")
        expires_after = body.get("expiresAfter")
        if expires_after is not None and now > expires_after:
            raise Rejected(f"Action expired: {expires_after} is before {now}")
        if problem := self._nonces.problem(who, nonce, now):
            raise Rejected(problem)
        self._nonces.use(who, nonce)
        several = self.accounts.open(account).threshold
        if several and action["type"] != "multiSig":
            raise Rejected(f"Account {account} needs {several} signatures")
        return account

    def _of_several(self, who: str, body: Json) -> str:
        """Return the account that enough signers act for.

        Raises:
            Rejected: They are too few, or somebody else.
        """
        payload = body["action"]["payload"]
        user = payload["multiSigUser"].lower()
        account = self.accounts.get(user)
        if account is None or not account.threshold or payload["outerSigner"].lower() != who:
            raise Rejected(f"{user} is no account of several signers, or the outer one is another")
        signed = {
            inner_signer(body, signature, is_mainnet=self._is_mainnet)
            for signature in body["action"]["signatures"]
        }
        if not signed <= account.signers or len(signed) < account.threshold:
            raise Rejected("The signers are not those of the account, or too few")
        return user
