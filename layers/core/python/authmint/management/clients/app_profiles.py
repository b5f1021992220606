"""An app's profile of a user: what the app's mapping makes of the user, and what the assignment says (§38.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...audit.builder import EventBuilder
from ...expressions.dialects import TO_APP
from ...expressions.facts import AppUserFacts, Facts
from ...oauth.issuance import app_facts
from ...oauth.preview import BY_PASSWORD
from ...oauth.sign_in import SignIn
from ...provisioning.events import problem_event
from ...provisioning.mapping import Mapped, Properties, apply_mapping
from ...provisioning.outgoing import app_user_profile, reads_groups
from ...storage.app_schemas import AppSchema
from ...storage.assignments import AppUser
from ...storage.clients import Client
from ...storage.directory import Person
from ...storage.errors import NotFound
from ...storage.events import Event
from ...storage.users import User
from ..directory.people import PeopleRecords, user_party
from ..http.call import Call
from ..http.errors import invalid
from ..http.fields import BLANK
from .app_claims import BASE
from .client_changes import app_party


def target_of(schema: AppSchema) -> dict[str, Mapping[str, Any]]:
    """JSON schemas of the attributes that a mapping can make, by name; what users are called is not among them."""
    base = {name: {**one, "required": name in schema.required} for name, one in BASE.items() if name != "userName"}
    return {**base, **schema.custom}


def missing(schema: AppSchema, profile: Mapping[str, Any]) -> Sequence[str]:
    """Names of attributes of the app's own that must be in a profile and are not."""
    required = [name for name, definition in schema.custom.items() if definition.get("required")]
    return [name for name in required if profile.get(name) in (None, "")]


@dataclass(frozen=True)
class AppProfiles:
    """Profiles of the users of apps."""

    records: PeopleRecords

    def person(self, client: Client, user: User) -> Person:
        """The user as the mapping of the app sees them: with groups, where it reads any."""
        if client.user_mapping is not None and reads_groups(client.user_mapping):
            try:
                return self.records.directory.person(user.id)
            except NotFound:  # deleted meanwhile: shown once more
                pass
        return Person(user, ())

    def whole(self, client: Client, person: Person, assigned: AppUser, call: Call) -> dict[str, Any]:
        """As tokens would know it now."""
        return app_user_profile(_facts(client, person, call, assigned.user_name), assigned.profile)

    def at_assignment(
        self, client: Client, person: Person, sent: Mapping[str, Any], call: Call
    ) -> tuple[Mapping[str, Any], Sequence[Event]]:
        """What an assignment remembers: what was sent, and what is made once. With events of what failed.

        Raises:
            ApiError: E0000001: an attribute that the app's schema asks for has no value.
        """
        mapping = client.user_mapping or {}
        mapped = self.checked(client, person, sent, call)
        once = {name: value for name, value in mapped.values.items() if value is not None and not mapping[name].pushed}
        build = EventBuilder(call.request, call.recorder.clock, call.recorder.ids)
        targets = (user_party(person.user), app_party(client))
        events = [
            problem_event(build, step, actor=call.recorder.actor, targets=targets, direction="Okta to App")
            for step in mapped.problems
            if step.attribute not in sent
        ]
        return {**once, **sent}, events

    def checked(self, client: Client, person: Person, sent: Mapping[str, Any], call: Call) -> Mapped:
        """What the mapping makes of a user. Raises ApiError (E0000001): the schema asks for more."""
        schema = self.records.app_schemas.get(client.id)
        mapping: Properties = client.user_mapping or {}
        mapped = apply_mapping(mapping, _facts(client, person, call, person.user.login), target_of(schema), TO_APP)
        refused = {step.attribute: step.problem for step in mapped.refused if sent.get(step.attribute) in (None, "")}
        refused |= {name: refused.get(name, BLANK) for name in missing(schema, {**mapped.values, **sent})}
        if refused:
            raise invalid(
                f"profile.{next(iter(refused))}", *(f"profile.{name}: {why}" for name, why in refused.items())
            )
        return mapped


def _facts(client: Client, person: Person, call: Call, user_name: str) -> Facts:
    user = SignIn(person, call.now, BY_PASSWORD).user_facts()
    return Facts(app_facts(client), (), call.now, user=user, app_user=AppUserFacts(user_name))
