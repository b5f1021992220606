"""From a provider's claims to a user's profile, in one call (docs/protocol.md §38.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..directory.profile import standard_attributes
from ..expressions.dialects import TO_USER
from ..expressions.facts import AppFacts, Facts
from ..storage.app_schemas import AppSchemas
from ..storage.mappings import UserMappings
from ..storage.schemas import ProfileSchema
from .mapping import Mapped, apply_mapping, followed
from .sources import kind_of, profile_of


@dataclass(frozen=True)
class Provider:
    """Where a profile comes from: the id and the type of an identity provider."""

    id: str
    type: str


@dataclass(frozen=True)
class Incoming:
    """Profiles of users who come from elsewhere.

    Attributes:
        mappings: What administrators changed.
        schemas: Attributes of providers' profiles that they defined.
    """

    mappings: UserMappings
    schemas: AppSchemas

    def idp_user(self, provider: Provider, claims: Mapping[str, Any]) -> dict[str, Any]:
        """``idpuser`` of expressions: what a provider says of somebody by the names of its profile."""
        return profile_of(claims, kind_of(provider.type), self.schemas.get(provider.id).custom)

    def user_profile(
        self, provider: Provider, idp_user: Mapping[str, Any], schema: ProfileSchema, *, now: int, new: bool
    ) -> Mapped:
        """What a user's profile becomes.

        The caller refuses where ``refused`` names anything, writes ``onto(…)``, and records each of the other
        ``problems`` (``problem_event``).

        Args:
            provider: Where they come from.
            idp_user: What that says of them.
            schema: Of the user's type.
            now: Unix seconds.
            new: Whether the user is made now; else only what follows its source is.
        """
        kept = self.mappings.get(provider.id).properties
        properties = kind_of(provider.type).properties if kept is None else kept
        facts = Facts(AppFacts(provider.id, provider.id, ""), (), now, source=idp_user)
        target = {**standard_attributes(schema), **schema.custom}
        return apply_mapping(properties if new else followed(properties), facts, target, TO_USER)
