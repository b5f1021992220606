"""``…/mappings/{id}/preview``: what a mapping makes for somebody, and of what (docs/protocol.md §38.7)."""

from collections.abc import Mapping
from typing import Any

from ...expressions.facts import AppFacts, AppUserFacts, Facts
from ...http import Response
from ...oauth.issuance import app_facts
from ...oauth.preview import BY_PASSWORD
from ...oauth.sign_in import SignIn
from ...provisioning.mapping import Step, apply_mapping
from ...storage.directory import Person
from ...storage.errors import NotFound
from ...storage.identity_providers import IdpLinks
from ..http.call import Call
from ..http.errors import invalid_field
from ..servers.previewed_client import person_of
from .mappings import MappingRecords, Pair, changed, read_properties
from .people import PeopleRecords

_LARGEST = 32_768


class MappingPreviews:
    """Tries mappings, saved ones and others, on real people. Nothing is stored."""

    def __init__(self, records: MappingRecords, people: PeopleRecords, links: IdpLinks) -> None:
        self._records = records
        self._people = people
        self._links = links

    def preview(self, call: Call) -> Response:
        """200 with every attribute, what it would be, and what its expression read."""
        pair = self._records.find(call)
        body = call.body()
        user_id = body.text("userId", longest=256)
        source = body.free("profile", longest=_LARGEST) if body.has("profile") else None
        if user_id is None and (source is None or not pair.direction.to_user):
            body.problem("userId", "For whom? An id or a login.")
        properties = pair.properties
        if body.has("properties"):
            properties = changed(pair, read_properties(body), self._records)
        body.check()
        person = None if user_id is None else person_of(self._people.directory, user_id)
        facts = self._facts(pair, person, source, call)
        mapped = apply_mapping(properties, facts, self._records.target(pair), pair.dialect)
        before = person.user.profile if person is not None and pair.direction.to_user else {}
        return Response.json(
            200,
            {
                "steps": [_step_json(step, pushed=properties[step.attribute].pushed) for step in mapped.steps],
                "refused": [step.attribute for step in mapped.refused],
                "profile": mapped.onto(before),
            },
        )

    def _facts(self, pair: Pair, person: Person | None, source: Mapping[str, Any] | None, call: Call) -> Facts:
        owner = pair.owner
        if pair.direction.to_user:
            return Facts(
                AppFacts(owner.id, owner.id, owner.label), (), call.now, source=self._said(pair, person, source)
            )
        assert person is not None  # noqa: S101 - the body was checked
        assert owner.client is not None  # noqa: S101 - only apps are told of users
        user = SignIn(person, call.now, BY_PASSWORD).user_facts()
        app_user = AppUserFacts(person.user.login)
        return Facts(app_facts(owner.client), (), call.now, user=user, app_user=app_user)

    def _said(self, pair: Pair, person: Person | None, source: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """What the request says, else what the provider or app knows of the person. Raises ApiError (E0000001)."""
        if source is not None or person is None:
            return source or {}
        owner = pair.owner
        if owner.client is not None:
            assigned = person.app_users.get(owner.id)
            return (
                {"userName": person.user.login}
                if assigned is None
                else {**assigned.profile, "userName": assigned.user_name}
            )
        try:
            return self._links.get(owner.id, person.user.id).profile
        except NotFound:
            raise invalid_field("userId", "The identity provider does not know this person: say a profile.") from None


def _step_json(step: Step, *, pushed: bool) -> dict[str, Any]:
    return {
        "attribute": step.attribute,
        "expression": step.expression,
        "pushStatus": "PUSH" if pushed else "DONT_PUSH",
        "value": step.value,
        "inputs": dict(step.reads),
        "required": step.required,
        "problem": step.problem,
    }
