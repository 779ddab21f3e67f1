"""``SignwardExchange``: the SDK's ``Exchange`` for keys of the daemon. Needs ``[hyperliquid]``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hyperliquid.exchange import Exchange
from hyperliquid.utils.constants import MAINNET_API_URL

from signward.client import Client
from signward.hyperliquid.json_text import json_text
from signward.hyperliquid.unsigned import Unsigned, unsigned_methods
from signward.hyperliquid.wallet import DaemonWallet
from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["SignwardExchange"]

_EXCHANGE = "/exchange"


class SignwardExchange(Exchange):  # type: ignore[misc]  # the SDK has no types
    """Takes the place of ``hyperliquid.exchange.Exchange``: the same methods, the same answers.

    A method builds its action as the SDK does; the daemon judges the action, gives it a nonce and
    signs it, and exactly the body that it returned is posted. What the daemon refuses is not
    posted, and raises ``SignwardError``.

    Args:
        client: The connection to the daemon; stays the caller's to close.
        key: Id of the key, of purpose hyperliquid and the network of ``base_url``.
        base_url: As all further positional ones: that of the SDK's class.
        meta: Perpetuals; ``None``: read from the exchange.
        vault_address: Vault or sub-account to act for.
        account_address: Account that an agent acts for, where the SDK asks for its positions.
        spot_meta: Spot pairs; ``None``: read from the exchange.
        perp_dexs: Exchanges of perpetuals; ``None``: the first one.
        timeout: Seconds for each request to the exchange.
        version: Version of the key; 0: the primary one.
    """

    def __init__(
        self,
        client: Client,
        key: str,
        base_url: str | None = None,
        meta: Any = None,  # noqa: ANN401 -- the SDK's types, as the next ones
        vault_address: str | None = None,
        account_address: str | None = None,
        spot_meta: Any = None,  # noqa: ANN401
        perp_dexs: list[str] | None = None,
        timeout: float | None = None,
        *,
        version: int = 0,
    ) -> None:
        super().__init__(
            DaemonWallet(client, key, version),
            base_url,
            meta,
            vault_address,
            account_address,
            spot_meta,
            perp_dexs,
            timeout,
        )
        self._client = client
        self._key = key
        self._version = version

    def approve_agent(self, name: str | None = None, *, agent_key: str = "") -> tuple[Any, str]:
        """Let a key of the daemon act for the account.

        Args:
            name: Of the agent on the exchange; ``None``: the account's one agent without a name.
            agent_key: Id of the agent's key. Without it the call is refused: the SDK would make
                a private key in this process.

        Returns:
            The exchange's answer, and ``agent_key`` where the SDK has the private key.

        Raises:
            TypeError: No key is named.
            SignwardError: The daemon refuses.
        """
        if not agent_key:
            raise TypeError(
                "the SDK would make the agent's private key in this process; make it a key of the"
                " daemon, and name that as agent_key"
            )
        network = "mainnet" if self.base_url == MAINNET_API_URL else "testnet"
        approval = self._client.accounts.approve_agent(
            self._key, agent_key, network=network, agent_name=name or ""
        )
        return self._post_body(approval.signature.post_body), agent_key

    def multi_sig_share(
        self,
        multi_sig_user: str,
        outer_signer: str,
        action: dict[str, Any],
        nonce: int,
        vault_address: str | None = None,
    ) -> dict[str, Any]:
        """Sign an action of an account with several signers, as one of them; post nothing.

        Returns:
            One of the ``signatures`` that ``multi_sig`` takes.

        Raises:
            SignwardError: The daemon refuses.
        """
        share = pb.HyperliquidMultiSigShare(
            multi_sig_user=multi_sig_user,
            outer_signer=outer_signer,
            action=pb.HyperliquidPayload(json=json_text(action)),  # as the others write it
        )
        answer = self._client.sign_hyperliquid(
            self._key,
            share,
            vault_address=vault_address or "",
            expires_after=self.expires_after or 0,
            nonce=nonce,
            version=self._version,
        ).hyperliquid
        return {"r": answer.r, "s": answer.s, "v": answer.v}

    def _post_action(self, action: dict[str, Any], signature: Unsigned, nonce: int) -> Any:  # noqa: ANN401
        answer = self._client.sign_hyperliquid(
            self._key,
            _plain(action),
            vault_address=signature.vault_address,
            expires_after=signature.expires_after,
            nonce=nonce,
            version=self._version,
        )
        return self._post_body(answer.hyperliquid.post_body)

    def _post_body(self, body: bytes) -> Any:  # noqa: ANN401 -- what the exchange answers
        """Post what was signed as it is; answer as the SDK's ``post``."""
        response = self.session.post(self.base_url + _EXCHANGE, data=body, timeout=self.timeout)
        self._handle_exception(response)
        try:
            return response.json()
        except ValueError:
            return {"error": f"Could not parse JSON: {response.text}"}


def _plain(action: dict[str, Any]) -> dict[str, Any]:
    """Return the action with its amount in plain notation: the SDK's ``str`` gives ``1e-05``."""
    amount = action.get("amount")
    if not isinstance(amount, str) or "e-" not in amount:
        return action
    number, space, rest = amount.partition(" ")
    return {**action, "amount": f"{Decimal(number):f}{space}{rest}"}


for _name, _method in unsigned_methods():
    if _name not in vars(SignwardExchange):
        setattr(SignwardExchange, _name, _method)
