"""Cases as requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from signward_server.cli.policy.answering import Request
from signward_server.cli.policy.loading import Rules, chains_of
from signward_server.cli.policy.tables.model import Case, KeyRow, Table
from signward_server.core.identity import Identity
from signward_server.core.identity_names import identity_of
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.public_key import PublicKey
from signward_server.home.reference_prices import ListedPrices
from signward_server.policy.question import Asker
from signward_server.rpc.convert.documents import payload_of

__all__ = ["groups_of", "key_of_row", "request_of", "rules_of"]

_ANY_KEY = PublicKey.ed25519(bytes(32))  # no policy sees public keys
_ANY_TIME = datetime.fromtimestamp(0, UTC)


def groups_of(table: Table, rules: Rules) -> Mapping[str, Sequence[Identity]]:
    """Return the groups that a table is judged with: its own, else those of the configuration."""
    if table.groups is None:
        return rules.groups
    return {
        name: [identity for text in texts if (identity := identity_of(text))]
        for name, texts in table.groups.items()
    }


def rules_of(table: Table, rules: Rules) -> Rules:
    """Return the rules that a table is judged with: its own reference prices, and no others."""
    return replace(rules, chains=chains_of(rules.settings, ListedPrices(table.references)))


def request_of(table: Table, case: Case) -> Request:
    """Return what a case asks.

    Raises:
        DocumentRefused: Its payload is none.
    """
    identity = identity_of(case.identity)
    if identity is None:
        raise AssertionError("the model checks identities")
    defaults = table.defaults
    address = defaults.address if case.address is None else case.address
    time = case.time or defaults.time
    milliseconds = int(time.timestamp() * 1000)
    return Request(
        caller=Asker(identity, case.authentication or defaults.authentication, address),
        time=time,
        key=None if case.key is None else key_of_row(case.key, table.keys[case.key]),
        action=case.action or "",
        payload=None if case.payload is None else payload_of(case.payload, milliseconds),
        totals=case.totals,
        approved=case.approved,
    )


def key_of_row(key_id: str, row: KeyRow) -> Key:
    """Return the key of a row, with one version."""
    version = KeyVersion(
        version=1,
        state=row.version_state,
        public_key=_ANY_KEY,
        create_time=_ANY_TIME,
        grace_end_time=datetime.max.replace(tzinfo=UTC),
    )
    return Key(
        id=key_id,
        algorithm=row.algorithm,
        custody=row.custody,
        purpose=row.purpose,
        network=row.network,
        allow_digest=row.allow_digest,
        vault_address=row.vault_address,
        owner=row.owner,
        user_id=row.user_id,
        labels=row.labels,
        state=row.state,
        freeze=row.freeze,
        primary_version=1,
        versions=(version,),
        create_time=_ANY_TIME,
        update_time=_ANY_TIME,
    )
