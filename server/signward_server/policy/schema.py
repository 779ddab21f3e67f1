"""The schema that policies are checked against, composed of what the chains can sign.

Cedar's human-readable syntax (docs.cedarpolicy.com, "Schema syntax grammar").
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from signward_server.core.actions import ActionGroup, ActionKind

__all__ = ["SERVER_ID", "schema_text"]

SERVER_ID = "signward"
"""Id of the one ``Server``: what an action without a key is done to."""

_ENTITIES = """\
// Groups of identities, from the configuration.
entity Group;

// A caller. Its id is the typed name: Identity::"cn:bot", Identity::"spiffe://domain/path".
entity Identity in [Group] = {
  kind: String,
  name: String,
};

// What an action without a key is done to: Server::"signward".
entity Server;

// Tags are the key's labels. version_state is that of the version that is to sign, or of
// the primary one.
entity Key = {
  id: String,
  owner: Identity,
  user_id: String,
  purpose: String,
  custody: String,
  algorithm: String,
  network: String,
  state: String,
  freeze: String,
  allow_digest: Bool,
  vault: String,
  version_state: String,
} tags String;

// No action takes one yet.
entity Account = {
  id: String,
  user_id: String,
  network: String,
  account_id: String,
  key: Key,
} tags String;

"""

_CONTEXT = (
    "authentication: String",  # a value of core.identity.Authentication
    "address?: ipaddr",  # there is none over a Unix socket
    "time: datetime",  # UTC, with milliseconds
)
_VERSION = "version: {number: Long, state: String}"
_APPROVED = "approved: Bool"  # whether somebody else has approved exactly this signature

_is_name = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}").fullmatch


def schema_text(kinds: Iterable[ActionKind]) -> str:
    """Return the schema for these actions.

    Args:
        kinds: Every action: ``core.actions.RPC_ACTIONS`` and those of the chains.

    Raises:
        ValueError: A name is not one, or two actions share a name.
    """
    ordered = sorted(kinds, key=lambda kind: kind.name)
    names = [kind.name for kind in ordered] + [group.value for group in ActionGroup]
    if len(set(names)) != len(names):
        raise ValueError("two actions have one name")
    for name in (*names, *(name for kind in ordered for name in (*kind.fields, *kind.windows))):
        if not _is_name(name):
            raise ValueError(f"not a name for policies: {name!r}")
    groups = "".join(f"action {group.value};\n" for group in ActionGroup)
    return _ENTITIES + groups + "".join(map(_action, ordered))


def _action(kind: ActionKind) -> str:
    parents = ", ".join(sorted(group.value for group in kind.groups))
    context = [*_CONTEXT]
    if kind.record:
        context += [_VERSION, f'"{kind.record}": {_record(kind)}']
        if kind.restricted:
            context.append(_APPROVED)
        if kind.windows:
            totals = ", ".join(f'"{name}": Long' for name in kind.windows)
            context.append(f"window: {{{totals}}}")
    attributes = "".join(f"    {attribute},\n" for attribute in context)
    return (
        f"\naction {kind.name}{f' in [{parents}]' if parents else ''} appliesTo {{\n"
        f"  principal: Identity,\n  resource: {kind.resource.value},\n"
        f"  context: {{\n{attributes}  }},\n}};\n"
    )


def _record(kind: ActionKind) -> str:
    return "{" + ", ".join(f'"{name}": {type_}' for name, type_ in kind.fields.items()) + "}"
