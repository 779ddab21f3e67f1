"""The scope of a policy: whom, what and which resource it is about at all.

Cedar evaluates the conditions of a policy only if its scope matches, so that a policy out
of scope can neither decide nor err. What is not recognised here counts as matching.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Place", "Scope", "Uid", "scope_of"]

Uid = tuple[str, str]
"""Type and id of an entity."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entity of a request, as a scope sees it.

    Attributes:
        uid: Which one it is.
        within: Itself and everything that it is in.
    """

    uid: Uid
    within: frozenset[Uid]

    @classmethod
    def of(cls, uid: Uid, *parents: Uid) -> Place:
        """Return the place of an entity with these parents, all of them."""
        return cls(uid, frozenset({uid, *parents}))


@dataclass(frozen=True, slots=True)
class _Test:
    """One of the three parts of a scope.

    Attributes:
        type: Type that the entity must have; empty for any.
        itself: What the entity must be; ``None`` for anything.
        within: The entity must be in one of these; ``None`` for anywhere.
    """

    type: str = ""
    itself: Uid | None = None
    within: frozenset[Uid] | None = None

    def matches(self, place: Place) -> bool:
        return (
            (not self.type or self.type == place.uid[0])
            and (self.itself is None or self.itself == place.uid)
            and (self.within is None or not self.within.isdisjoint(place.within))
        )


_ANYTHING = _Test()


@dataclass(frozen=True, slots=True)
class Scope:
    """The three parts of a policy's scope."""

    principal: _Test
    action: _Test
    resource: _Test

    def matches_action(self, action: Place) -> bool:
        """Return whether it is about this action."""
        return self.action.matches(action)

    def matches(self, principal: Place, resource: Place) -> bool:
        """Return whether it is about this caller and this resource."""
        return self.principal.matches(principal) and self.resource.matches(resource)

    @property
    def names_action(self) -> bool:
        """Whether it is limited to certain actions or groups of them."""
        return self.action != _ANYTHING


def scope_of(policy: dict[str, object]) -> Scope:
    """Return the scope of a policy in Cedar's JSON form.

    Source: docs.cedarpolicy.com, "JSON policy format", principal, action and resource.
    """
    return Scope(
        principal=_test(policy.get("principal")),
        action=_test(policy.get("action")),
        resource=_test(policy.get("resource")),
    )


def _test(part: object) -> _Test:
    match part:
        case {"op": "==", "entity": entity, **rest} if not rest:
            uid = _uid(entity)
            return _Test(itself=uid)
        case {"op": "in", "entity": entity, **rest} if not rest:
            return _Test(within=_uids([entity]))
        case {"op": "in", "entities": list() as entities, **rest} if not rest:
            return _Test(within=_uids(entities))
        case {"op": "is", "entity_type": str() as type_, **rest} if not rest:
            return _Test(type=type_)
        case {"op": "is", "entity_type": str() as type_, "in": {"entity": entity}, **rest} if (
            not rest
        ):
            return _Test(type=type_, within=_uids([entity]))
    return _ANYTHING


def _uids(entities: list[object]) -> frozenset[Uid] | None:
    uids = [_uid(entity) for entity in entities]
    return None if None in uids else frozenset(uid for uid in uids if uid is not None)


def _uid(entity: object) -> Uid | None:
    match entity:
        case {"type": str() as type_, "id": str() as id_, **rest} if not rest:
            return type_, id_
    return None
