"""What Cedar is told about a caller and a key: the entities of one request, and no others.

Labels become tags, which may have any name: in Cedar's entity format the names of tags are
data, those of attributes (``__expr``, ``__entity``, ``__extn``) are not (S10).
"""

from __future__ import annotations

from signward_server.core.actions import ActionKind
from signward_server.core.identity import Identity
from signward_server.core.identity_names import identity_of
from signward_server.core.keys import Key, KeyVersion
from signward_server.policy.groups import Groups
from signward_server.policy.question import Question
from signward_server.policy.schema import SERVER_ID
from signward_server.policy.scope import Place, Uid

__all__ = [
    "action_place",
    "asked_entities",
    "asking_entities",
    "entities",
    "principal_place",
    "request_json",
    "resource_place",
]


def principal_place(groups: Groups, identity: Identity) -> Place:
    """Return where a caller stands: itself and its groups."""
    typed = str(identity)
    return Place.of(_identity_uid(typed), *_group_uids(groups, typed))


def action_place(kind: ActionKind) -> Place:
    """Return where an action stands: itself and its groups."""
    return Place.of(_action_uid(kind.name), *(_action_uid(group.value) for group in kind.groups))


def resource_place(key: Key | None) -> Place:
    """Return where a key or the server stands; they are in nothing."""
    return Place.of(_resource_uid(key))


def request_json(question: Question) -> dict[str, object]:
    """Return principal, action and resource in Cedar's JSON form; never as text to quote."""
    return {
        "principal": _json(_identity_uid(str(question.caller.identity))),
        "action": _json(_action_uid(question.action)),
        "resource": _json(_resource_uid(question.key)),
    }


def entities(
    groups: Groups, identity: Identity, key: Key | None, version: KeyVersion | None
) -> list[dict[str, object]]:
    """Return the entities of a request, in Cedar's JSON form, to be read with the schema.

    The caller, the key or the server, and the key's owner where that is another identity.

    Args:
        groups: Groups of identities.
        identity: The caller.
        key: The key in question, ``None`` for the server.
        version: The version that is to sign, ``None`` for the primary one.
    """
    caller = _identity(groups, str(identity), identity)
    if key is None:
        return [caller, {"uid": _json(_resource_uid(None)), "attrs": {}, "parents": []}]
    described = [caller, _key(key, version, _json(_identity_uid(key.owner)))]
    return described + _owner(groups, identity, key)


def asking_entities(
    groups: Groups, identity: Identity, kind: ActionKind
) -> list[dict[str, object]]:
    """Return the caller and the action with its groups, to be read without the schema."""
    action: dict[str, object] = {
        "uid": _json(_action_uid(kind.name)),
        "attrs": {},
        "parents": [_json(_action_uid(group.value)) for group in sorted(kind.groups)],
    }
    return [_identity(groups, str(identity), identity), action]


def asked_entities(
    groups: Groups, identity: Identity, key: Key | None, version: KeyVersion | None
) -> list[dict[str, object]]:
    """Return the rest of ``entities``, to be read without the schema."""
    if key is None:
        return entities(groups, identity, None, None)[1:]
    owner = {"__entity": _json(_identity_uid(key.owner))}
    return [_key(key, version, owner), *_owner(groups, identity, key)]


def _owner(groups: Groups, identity: Identity, key: Key) -> list[dict[str, object]]:
    owner = identity_of(key.owner)
    if owner is None or owner == identity:
        return []
    return [_identity(groups, key.owner, owner)]


def _identity(groups: Groups, typed: str, identity: Identity) -> dict[str, object]:
    return {
        "uid": _json(_identity_uid(typed)),
        "attrs": {"kind": identity.kind.value, "name": identity.name},
        "parents": [_json(group) for group in _group_uids(groups, typed)],
    }


def _key(key: Key, version: KeyVersion | None, owner: object) -> dict[str, object]:
    version = version or key.version(0)
    return {
        "uid": _json(_resource_uid(key)),
        "attrs": {
            "id": key.id,
            "owner": owner,
            "user_id": key.user_id,
            "purpose": key.purpose.name.lower(),
            "custody": key.custody.name.lower(),
            "algorithm": key.algorithm.name.lower(),
            "network": key.network,
            "state": key.state.name.lower(),
            "freeze": key.freeze.name.lower(),
            "allow_digest": key.allow_digest,
            "vault": key.vault_address,
            "version_state": "" if version is None else version.state.name.lower(),
        },
        "parents": [],
        "tags": {name: str(text) for name, text in key.labels.items()},  # nothing but text
    }


def _identity_uid(typed: str) -> Uid:
    return "Identity", typed


def _group_uids(groups: Groups, typed: str) -> list[Uid]:
    return [("Group", name) for name in groups.of(typed)]


def _action_uid(name: str) -> Uid:
    return "Action", name


def _resource_uid(key: Key | None) -> Uid:
    return ("Server", SERVER_ID) if key is None else ("Key", key.id)


def _json(uid: Uid) -> dict[str, str]:
    return {"type": uid[0], "id": uid[1]}
