"""Settings that a deployment has one of."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from ...remote import words
from ..patience import Patient, Unreadable
from .kinds import Item, Kind, Raw


class _Settings(Kind):
    """One resource, which is always there.

    Attributes:
        place: Its path.
        members: What can be changed of it.
    """

    optional = True
    place: ClassVar[str]
    members: ClassVar[Sequence[str]]

    def path(self, parent: Item | None) -> str:
        return self.place

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        answer = org.read(self.place)
        if answer.status >= 300:
            raise Unreadable(answer.status, words(answer))
        yield {**answer.json(), "id": self.word, "name": self.title}

    def is_fixed(self, raw: Raw) -> bool:
        return True

    def body(self, raw: Raw) -> dict[str, Any]:
        return {name: raw[name] for name in self.members if raw.get(name) is not None}

    def at(self, item: Item) -> str:
        return self.place


class Organization(_Settings):
    """Who runs it, and where people find help."""

    word = "organization"
    title = "the organization"
    replaces = "POST"
    place = "/api/v1/org"
    members = (
        "companyName", "website", "phoneNumber", "endUserSupportHelpURL", "supportPhoneNumber", "address1", "address2",
        "city", "state", "country", "postalCode",
    )  # fmt: skip


class SelfService(_Settings):
    """What people may do with their own account."""

    word = "self-service"
    title = "what people may do themselves"
    place = "/api/v1/org/selfService"
    members = ("accountDeletion",)


class Threats(_Settings):
    """What is done about addresses from which many people's sign-ins fail."""

    word = "threats"
    title = "what is done about threats"
    replaces = "POST"
    place = "/api/v1/threats/configuration"
    members = ("action", "excludeZones")
