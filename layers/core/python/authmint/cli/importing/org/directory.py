"""User types, attributes, groups, group rules, users, memberships."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, Literal

from ...remote import Answer, RemoteFailed, words
from ..patience import Patient, Unreadable
from .kinds import Item, Kind, Making, Raw, above, link_of, segment

#: How people who are brought in get to sign in.
Passwords = Literal["later", "hook", "mail", "federated"]
PASSWORDS: Final[Sequence[Passwords]] = ("later", "hook", "mail", "federated")
#: Of users who have no password of their own.
_FEDERATED: Final = frozenset({"FEDERATION", "SOCIAL"})
#: What an org may change of a standard attribute.
_CHANGEABLE: Final = ("permissions", "master", "pattern")


class UserTypes(Kind):
    """Types of users."""

    word = "user-type"
    title = "user types"

    def path(self, parent: Item | None) -> str:
        return "/api/v1/meta/types/user"

    def is_fixed(self, raw: Raw) -> bool:
        return bool(raw.get("default"))

    def key(self, raw: Raw) -> str:
        return "default" if self.is_fixed(raw) else str(raw["name"])

    def body(self, raw: Raw) -> dict[str, Any]:
        if self.is_fixed(raw):
            return {}
        return {name: raw[name] for name in ("name", "displayName", "description") if raw.get(name) is not None}


class Attributes(Kind):
    """Attributes that an org defined, one by one: what one of them has that is not offered keeps no other one out."""

    word = "attribute"
    title = "attributes of users"
    parent: ClassVar[str | None] = "user-type"
    replaces = "POST"
    names_parent = True
    part: ClassVar[str] = "custom"

    def path(self, parent: Item | None) -> str:
        found = link_of(parent.raw, "schema") if parent else None
        return found or "/api/v1/meta/schemas/user/default"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        answer = org.read(self.path(parent))
        if answer.status >= 300:
            raise Unreadable(answer.status, words(answer))
        definition = answer.json().get("definitions", {}).get(self.part) or {}
        for name, one in (definition.get("properties") or {}).items():
            yield {"id": name, "name": name, "definition": one}

    def body(self, raw: Raw) -> dict[str, Any]:
        definition = {name: value for name, value in raw["definition"].items() if value is not None}
        return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {raw["id"]: definition}}}}

    def at(self, item: Item) -> str:
        return self.path(item.parent)

    def made(self, answer: Answer, making: Making) -> Raw:
        return making.source.raw


class StandardAttributes(Attributes):
    """What an org changed of the attributes that there are from the start."""

    word = "standard-attribute"
    title = "standard attributes of users"
    part = "base"

    def is_fixed(self, raw: Raw) -> bool:
        return True

    def body(self, raw: Raw) -> dict[str, Any]:
        definition = raw["definition"]
        kept = {name: definition[name] for name in _CHANGEABLE if definition.get(name) is not None}
        kept["required"] = bool(definition.get("required"))
        return {"definitions": {"base": {"id": "#base", "type": "object", "properties": {raw["id"]: kept}}}}


class GroupAttributes(Attributes):
    """Attributes of groups."""

    word = "group-attribute"
    title = "attributes of groups"
    parent = None
    names_parent = False

    def path(self, parent: Item | None) -> str:
        return "/api/v1/meta/schemas/group/default"


class Groups(Kind):
    """Groups."""

    word = "group"
    title = "groups"

    def path(self, parent: Item | None) -> str:
        return "/api/v1/groups"

    def query(self) -> str:
        return "?limit=200"

    def name(self, raw: Raw) -> str:
        return str(raw["profile"]["name"])

    def is_fixed(self, raw: Raw) -> bool:
        return raw.get("type") == "BUILT_IN"

    def body(self, raw: Raw) -> dict[str, Any]:
        if self.is_fixed(raw):
            return {}
        return {"profile": {name: value for name, value in raw["profile"].items() if value is not None}}

    def note(self, making: Making, made: Raw) -> str | None:
        if making.source.raw.get("type") == "APP_GROUP":
            return "a directory fills it at the source: here, it keeps the members that it has now"
        return None


class GroupRules(Kind):
    """Group rules. Those that leave people out come after the people."""

    title = "group rules"
    switches = True

    def __init__(self, *, excluding: bool) -> None:
        self.excluding = excluding
        self.word = "group-rule-with-exceptions" if excluding else "group-rule"  # type: ignore[misc]

    @property
    def noted(self) -> str:
        return "group-rule"

    def path(self, parent: Item | None) -> str:
        return "/api/v1/groups/rules"

    def query(self) -> str:
        return "?limit=200"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        for raw in super().read(org, parent):
            if bool(_excluded(raw)) == self.excluding:
                yield raw

    def lacks(self, raw: Raw) -> str | None:
        return "it names what is not there any more" if raw.get("status") == "INVALID" else None

    def body(self, raw: Raw) -> dict[str, Any]:
        conditions = {"expression": raw["conditions"]["expression"]}
        people: dict[str, Any] = raw["conditions"].get("people") or {}
        kept = {name: one for name, one in people.items() if (one or {}).get("exclude")}
        return {
            "type": "group_rule",
            "name": raw["name"],
            "conditions": conditions | ({"people": kept} if kept else {}),
            "actions": raw["actions"],
        }

    def change(self, org: Patient, target: Item, body: Any, *, known: bool) -> Answer | None:
        if target.raw.get("status") != "ACTIVE":
            return super().change(org, target, body, known=known)
        lifecycle = f"{self.at(target)}/lifecycle"  # an ACTIVE one cannot be changed
        answer = org.change("POST", f"{lifecycle}/deactivate")
        if answer.status >= 300:
            return answer
        changed = super().change(org, target, body, known=known)
        if changed is None or changed.status < 300:
            return changed
        back = org.change("POST", f"{lifecycle}/activate")
        if back.status < 300:
            return changed
        why = f"{words(changed)}; it was ACTIVE, and stays INACTIVE: {words(back)}"
        return replace(changed, body=json.dumps({"errorCode": "", "errorSummary": why}).encode())


def _excluded(raw: Raw) -> Sequence[str]:
    people = (raw.get("conditions") or {}).get("people") or {}
    return (people.get("users") or {}).get("exclude") or ()


class Users(Kind):
    """People. Their passwords stay where they are. A profile may have the ids of other people."""

    word = "user"
    title = "users"
    names_own = True

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    def path(self, parent: Item | None) -> str:
        return "/api/v1/users"

    def query(self) -> str:
        return "?limit=200"

    def name(self, raw: Raw) -> str:
        return str(raw["profile"]["login"])

    def key(self, raw: Raw) -> str:
        return self.name(raw).casefold()

    def status(self, raw: Raw) -> str | None:
        return raw["status"] if raw.get("status") in {"SUSPENDED", "DEPROVISIONED"} else self._way(raw)

    def body(self, raw: Raw) -> dict[str, Any]:
        if raw.get("status") == "DEPROVISIONED" or "profile" not in raw:
            return {}
        kept = {name: value for name, value in raw["profile"].items() if value is not None}
        return {"profile": kept} | ({"type": {"id": raw["type"]["id"]}} if raw.get("type") else {})

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        source = making.source.raw
        activate = "true" if self._way(source) in {"hook", "mail"} else "false"
        asked = self._passwords == "hook" and source.get("status") != "STAGED" and not _is_federated(source)
        credentials: dict[str, Any] = {"password": {"hook": {"type": "default"}}} if asked else {}
        sent = {**body, "credentials": credentials, "groupIds": list(making.groups)}
        return org.make(f"{self.path(None)}?activate={activate}", sent)

    def _way(self, source: Raw) -> Passwords:
        """How somebody gets to sign in: who does not at the source waits here too."""
        if source.get("status") in {"STAGED", "SUSPENDED", "DEPROVISIONED"}:
            return "later"
        return "federated" if self._passwords == "hook" and _is_federated(source) else self._passwords

    def change(self, org: Patient, target: Item, body: Any, *, known: bool) -> Answer | None:
        if not body:
            return None
        if not known:  # what is here of them alone stays
            there = {name: value for name, value in target.raw["profile"].items() if value is not None}
            body = {**body, "profile": there | body["profile"]}
        return super().change(org, target, body, known=known)

    def moves(self, source: Raw, target: Raw) -> Sequence[str]:
        wanted, actual, way = source.get("status"), target.get("status"), self._way(source)
        if wanted == "DEPROVISIONED":
            return () if actual == wanted else ("deactivate",)
        if actual == "STAGED":
            has_password = "password" in (target.get("credentials") or {})
            if way in {"mail", "federated"} or (way == "hook" and has_password):
                return (f"activate?sendEmail={'true' if way == 'mail' else 'false'}",)
            return ()
        if wanted == "SUSPENDED":
            return () if actual == wanted else ("suspend",)
        return ("unsuspend",) if actual == "SUSPENDED" else ()


def _is_federated(source: Raw) -> bool:
    return ((source.get("credentials") or {}).get("provider") or {}).get("type") in _FEDERATED


class Memberships(Kind):
    """Who is in which group. Whom a rule puts there is left to the rule."""

    word = "membership"
    title = "memberships"
    parent = "group"
    replaces = ""
    refers = True
    names_parent = True
    listed_anew = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"/api/v1/groups/{parent.segment}/users"

    def query(self) -> str:
        return "?limit=200"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        if parent is not None and not parent.kind.is_fixed(parent.raw):
            for one in super().read(org, parent):
                yield {"id": one["id"], "name": one["profile"]["login"]}

    def body(self, raw: Raw) -> dict[str, Any]:
        return {}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        return org.change("PUT", f"{self.path(making.parent)}/{segment(making.target_id)}")

    def made(self, answer: Answer, making: Making) -> Raw:
        return {"id": making.target_id, "name": making.source.raw["name"]}


def deactivated(org: Patient, user_id: str) -> Raw | None:
    """A user whom lists do not show any more; ``None``: there is none. Raises RemoteFailed."""
    answer = org.read(f"/api/v1/users/{segment(user_id)}")
    if answer.status == 404:
        return None
    if answer.status >= 300:
        raise RemoteFailed(f"GET /api/v1/users/{user_id}: {words(answer)}")
    found = answer.json()
    return found if isinstance(found, dict) and found.get("status") == "DEPROVISIONED" else None
