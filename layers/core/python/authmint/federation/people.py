"""Carries out what is decided about somebody: links, makes, keeps profile and groups (docs/protocol.md §37.6)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from ..audit.builder import EventBuilder
from ..directory.lockout import forgiven
from ..directory.profile import profile_problems
from ..directory.uniqueness import held_values, identifies
from ..expressions.dialects import TO_USER
from ..expressions.errors import EvaluationFailed, ExpressionError
from ..expressions.evaluate import Expression
from ..expressions.facts import AppFacts, Facts
from ..expressions.regexes import matches
from ..expressions.run import Run
from ..ids import Ids
from ..outage import Outage
from ..provisioning.events import problem_event
from ..provisioning.incoming import Incoming
from ..provisioning.incoming import Provider as Source
from ..provisioning.mapping import Mapped
from ..provisioning.rule_memberships import RuleMemberships
from ..storage.directory import Directory
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event, Party
from ..storage.groups import Group, Groups
from ..storage.identity_providers import MOST_LINKS, IdentityProvider, IdpLink, IdpLinks
from ..storage.retrying import Retrying
from ..storage.roles import Roles
from ..storage.schemas import ProfileSchema, ProfileSchemas
from ..storage.user_types import UserTypes
from ..storage.users import MOST_GROUPS_AT_ONCE, Provider, User, Users
from .decision import Change, Known, Said, decide, said_verified, vouched_for
from .refusals import NotBelieved

_MOST_CANDIDATES: Final = 2
_EVENTS: Final[Mapping[Change, str]] = {
    "UNSUSPEND": "user.lifecycle.unsuspend",
    "REACTIVATE": "user.lifecycle.reactivate",
    "ACTIVATE": "user.lifecycle.activate",
}
#: What nobody's provider changes of somebody who is there: they sign in with it.
_NEVER_WRITTEN: Final = frozenset({"login"})


@dataclass(frozen=True)
class PeopleRecords:
    """Storage of the directory, as far as people come from elsewhere."""

    users: Users
    groups: Groups
    directory: Directory
    roles: Roles
    links: IdpLinks
    schemas: ProfileSchemas
    user_types: UserTypes
    incoming: Incoming
    rules: RuleMemberships


@dataclass(frozen=True)
class Sign:
    """What a provider said, and to whom the request belongs.

    Attributes:
        claims: Checked.
        profile: ``idpuser`` of expressions.
        build: Makes the events of this request.
    """

    provider: IdentityProvider
    claims: Mapping[str, Any]
    profile: Mapping[str, Any]
    said: Said
    build: EventBuilder
    now: int

    @property
    def subject(self) -> str:
        """What the provider calls them."""
        return str(self.claims["sub"])

    @property
    def party(self) -> Party:
        """The provider, as an actor and as a target."""
        return Party(self.provider.id, "IdentityProvider", display_name=self.provider.name)


@dataclass(frozen=True)
class FederatedPeople:
    """Finds and makes the people of providers."""

    records: PeopleRecords
    ids: Ids
    retrying: Retrying

    def resolve(
        self, provider: IdentityProvider, claims: Mapping[str, Any], build: EventBuilder, *, now: int
    ) -> tuple[str, Said]:
        """The id of the user that claims are about, who is linked and may sign in from here on; and what was said.

        Raises:
            NotBelieved: Nobody is, or the account does not let them.
            Unavailable: Storage could not answer.
        """
        profile = self.records.incoming.idp_user(Source(provider.id, provider.type), claims)
        said = said_of(provider, claims, profile, now)
        sign = Sign(provider, claims, profile, said, build, now)
        user = self._resolved(sign)
        self._keep_groups(sign, user)
        with suppress(Outage):  # the daily run finds whom they could not be asked about
            self.records.rules.apply(user.id, partial(_by_rules, sign), at=now)
        return user.id, said

    def link_of(
        self, provider: IdentityProvider, claims: Mapping[str, Any], user: User, build: EventBuilder, *, now: int
    ) -> IdpLink:
        """The link of a user who is signed in and went to the provider to be linked.

        Raises:
            NotBelieved: It is nobody whom the provider may sign in.
        """
        profile = self.records.incoming.idp_user(Source(provider.id, provider.type), claims)
        said = said_of(provider, claims, profile, now)
        if not said.fits:
            raise NotBelieved("no_matching_social_user", "no username that fits")
        return self._link_of(Sign(provider, claims, profile, said, build, now), user)

    def _resolved(self, sign: Sign) -> User:
        try:
            return self.retrying(lambda: self._attempt(sign))
        except AlreadyExists:
            pass  # two first sign-ins at once: the other one made the user, who is found now
        try:
            return self.retrying(lambda: self._attempt(sign))
        except AlreadyExists as taken:
            raise NotBelieved("no_matching_social_user", f"taken by another user: {taken}") from None

    def _attempt(self, sign: Sign) -> User:
        link, linked = self._linked(sign)
        candidates = () if linked is not None else self._candidates(sign)
        decision = decide(sign.provider, linked, sign.said, candidates)
        if decision.action == "refuse":
            raise NotBelieved("no_matching_social_user", decision.reason)
        if decision.action == "provision" or decision.user is None:
            return self._made(sign)
        administers = any(known.administers for known in (linked, *candidates) if known is not None)
        user = self._changed(sign, decision.user, decision.change, written=not administers)
        if link is None:
            self._link(sign, user)
        elif link.profile != sign.profile:
            self.records.links.update(replace(link, profile=sign.profile, updated_at=sign.now))
        return user

    def _linked(self, sign: Sign) -> tuple[IdpLink | None, Known | None]:
        try:
            link = self.records.links.by_subject(sign.provider.id, sign.subject)
            known = self._known(link.user_id)
        except NotFound:
            return None, None
        return link, replace(known, pinned=link.pinned)

    def _candidates(self, sign: Sign) -> Sequence[Known]:
        username, match = sign.said.username, sign.provider.linking.match_type
        if not username:
            return ()
        found: dict[str, None] = {}
        if match == "CUSTOM_ATTRIBUTE":
            return self._holder(username, sign.provider.linking.match_attribute or "")
        if match != "EMAIL":
            with suppress(NotFound):
                found[self.records.users.by_login(username).id] = None
        if match != "USERNAME":
            found |= dict.fromkeys(user.id for user in self.records.users.by_email(username)[:_MOST_CANDIDATES])
        try:
            return [self._known(user_id) for user_id in found]
        except NotFound:
            raise Conflict("a candidate is gone") from None

    def _holder(self, value: str, attribute: str) -> Sequence[Known]:
        schema = self.records.schemas.get()
        if not identifies(attribute, schema):  # it did, when the provider was saved
            raise NotBelieved("no_matching_social_user", f"{attribute} tells people apart no more")
        try:
            return [
                self._known(self.records.users.holder(*held).id) for held in held_values({attribute: value}, schema)
            ]
        except NotFound:
            return ()

    def _known(self, user_id: str) -> Known:
        person = self.records.directory.person(user_id)
        held = self.records.roles.get().of_user(user_id, [group.id for group in person.groups])
        return Known(person.user, person.group_ids, administers=bool(held))

    def _link(self, sign: Sign, user: User) -> None:
        if len(self.records.links.of_user(user.id)) >= MOST_LINKS:
            raise NotBelieved("no_matching_social_user", "the user has too many providers")
        event = sign.build.event("user.idp.link.create", actor=sign.party, targets=[party_of(user), sign.party])
        try:
            self.records.links.add(self._link_of(sign, user), [event])
        except NotFound:
            raise Conflict("the user or the provider is gone") from None

    def _link_of(self, sign: Sign, user: User) -> IdpLink:
        return IdpLink(
            sign.provider.id,
            user.id,
            sign.subject,
            sign.now,
            sign.now,
            profile=sign.profile,
            pinned=sign.provider.upstream.fingerprint,
        )

    def _made(self, sign: Sign) -> User:
        schema = self.records.schemas.get()
        mapped = self._mapped(sign, schema, new=True)
        if mapped.refused:
            missing = ", ".join(step.attribute for step in mapped.refused)
            raise NotBelieved("no_matching_social_user", f"attributes without a value: {missing}")
        profile = mapped.onto({})
        provider = Provider(sign.provider.kind, sign.provider.name, sign.provider.id, self._mastered(sign, mapped))
        email = str(profile.get("email", ""))
        if not vouched_for(sign.provider, sign.said, email):
            provider = replace(provider, unverified=email)
        user = User(
            self.ids.object_id("00u"),
            sign.now,
            sign.now,
            "ACTIVE",
            profile,
            activated_at=sign.now,
            status_changed_at=sign.now,
            provider=provider,
        )
        user = _with_profile(user, profile, schema)
        wanted = self._wanted(sign)[:MOST_GROUPS_AT_ONCE]  # the others are joined after that
        groups = [group for group in self.records.groups.many(wanted) if not self._has_role(group)]
        event = sign.build.event
        targets = [party_of(user)]
        events = [event(name, actor=sign.party, targets=targets) for name in _MADE]
        events += [
            event("group.user_membership.add", actor=sign.party, targets=[*targets, _group_party(group)])
            for group in groups
        ]
        events += self._problems(sign, user, mapped)
        self.records.users.add(user, events, group_ids=[group.id for group in groups], link=self._link_of(sign, user))
        return user

    def _changed(self, sign: Sign, before: User, change: Change | None, *, written: bool) -> User:
        """The user as it is from here on. ``written``: what the provider says of them is written down."""
        after, events = before, list[Event]()
        if change is not None:
            again = change == "ACTIVATE" and before.activated_at is None
            after = replace(
                forgiven(after),
                status="ACTIVE",
                status_changed_at=sign.now,
                updated_at=sign.now,
                activated_at=sign.now if again else before.activated_at,
            )
            events.append(sign.build.event(_EVENTS[change], actor=sign.party, targets=[party_of(after)]))
        if written:
            after, said = self._with_said(sign, after)
            events += said
        if after != before:
            self.records.users.save(before, after, events)
        return after

    def _with_said(self, sign: Sign, before: User) -> tuple[User, Sequence[Event]]:
        schema = self._schema_of(before)
        mapped = self._mapped(sign, schema, new=sign.provider.linking.profile_master)
        values = {name: value for name, value in mapped.values.items() if name not in _NEVER_WRITTEN}
        email = values.get("email")
        if isinstance(email, str) and not vouched_for(sign.provider, sign.said, email):
            del values["email"]
        profile = {name: value for name, value in {**before.profile, **values}.items() if value is not None}
        after = before
        if profile != dict(before.profile):
            try:
                after = replace(_with_profile(before, profile, schema), updated_at=sign.now)
            except NotBelieved:  # what does not fit stays out, and nobody is locked out by it
                return before, self._problems(sign, before, mapped)
        mastered = self._mastered(sign, mapped)
        if after.provider is not None and after.provider.idp_id == sign.provider.id:
            after = replace(after, provider=replace(after.provider, mastered=mastered))
        elif mastered:
            unverified = "" if after.provider is None else after.provider.unverified
            linking = Provider(sign.provider.kind, sign.provider.name, sign.provider.id, mastered, unverified)
            after = replace(after, provider=linking)
        if after == before:
            return before, ()
        event = sign.build.event("user.account.update_profile", actor=sign.party, targets=[party_of(after)])
        return after, [event, *self._problems(sign, after, mapped)]

    def _mapped(self, sign: Sign, schema: ProfileSchema, *, new: bool) -> Mapped:
        source = Source(sign.provider.id, sign.provider.type)
        return self.records.incoming.user_profile(source, sign.profile, schema, now=sign.now, new=new)

    def _mastered(self, sign: Sign, mapped: Mapped) -> tuple[str, ...]:
        if not sign.provider.linking.profile_master:
            return ()
        return tuple(step.attribute for step in mapped.steps if step.attribute not in _NEVER_WRITTEN)

    def _problems(self, sign: Sign, user: User, mapped: Mapped) -> list[Event]:
        targets = [party_of(user), sign.party]
        return [
            problem_event(sign.build, step, actor=sign.party, targets=targets, direction="IDP to Okta")
            for step in mapped.problems
        ]

    def _schema_of(self, user: User) -> ProfileSchema:
        known = None if user.type_id is None else self.records.user_types.get().get(user.type_id)
        return self.records.schemas.get() if known is None else known.schema

    def _wanted(self, sign: Sign) -> Sequence[str]:
        """Ids of groups that the provider puts its people into."""
        linking = sign.provider.linking
        if linking.group_action == "NONE":
            return ()
        fixed = linking.groups if linking.group_action in {"ASSIGN", "APPEND"} else ()
        return tuple(dict.fromkeys((*fixed, *self._named(sign))))

    def _named(self, sign: Sign) -> Sequence[str]:
        """Those that a claim names, by id or by name, of those that it can name."""
        linking = sign.provider.linking
        if linking.source_attribute is None or linking.group_action == "ASSIGN":
            return ()
        told = sign.claims.get(linking.source_attribute, sign.profile.get(linking.source_attribute))
        names = {name for name in (told if isinstance(told, list) else [told]) if isinstance(name, str)}
        known = self.records.groups.many(linking.group_filter)
        return [group.id for group in known if not names.isdisjoint({group.id, group.name})]

    def _keep_groups(self, sign: Sign, user: User) -> None:
        """Memberships as the provider says it now."""
        linking = sign.provider.linking
        if linking.group_action == "NONE":
            return
        wanted = set(self._wanted(sign))
        has = {group.id for group in self.records.directory.person(user.id).groups}
        leaves = (set(linking.group_filter) & has) - wanted if linking.group_action == "SYNC" else set[str]()
        for group in self.records.groups.many(sorted((wanted - has) | leaves)):
            if not self._has_role(group):
                self._move(sign, user, group, joins=group.id in wanted)

    def _move(self, sign: Sign, user: User, group: Group, *, joins: bool) -> None:
        word = "add" if joins else "remove"
        parties = [party_of(user), _group_party(group)]
        event = sign.build.event(f"group.user_membership.{word}", actor=sign.party, targets=parties)
        groups = self.records.groups
        move = groups.join if joins else groups.leave
        try:
            self.retrying(lambda: move(group.id, user.id, [event], at=sign.now))
        except NotFound:
            return

    def _has_role(self, group: Group) -> bool:
        """Whether whoever joins comes by a role: that is done by administrators alone."""
        return bool(self.records.roles.get().of("GROUP", group.id))


_MADE: Final = ("user.lifecycle.create", "user.lifecycle.activate", "user.idp.link.create")


def said_of(provider: IdentityProvider, claims: Mapping[str, Any], profile: Mapping[str, Any], now: int) -> Said:
    """What a provider says of somebody, as far as it is decided by."""
    email = claims.get("email")
    username = username_of(provider, {"sub": claims["sub"], **profile}, now)
    pattern = provider.linking.filter
    fits = pattern is None or (username is not None and matches(pattern, username))
    return Said(username, fits, email if isinstance(email, str) else None, said_verified(claims))


def username_of(provider: IdentityProvider, source: Mapping[str, Any], now: int) -> str | None:
    """What the template makes of a profile; ``None``: no text."""
    facts = Facts(AppFacts(provider.id, provider.id, ""), (), now, source=source)
    try:
        value = Expression(provider.linking.template, TO_USER).claim(Run(facts))
    except (ExpressionError, EvaluationFailed):
        return None
    return value if isinstance(value, str) else None


def _with_profile(user: User, profile: Mapping[str, Any], schema: ProfileSchema) -> User:
    """The user with a profile and the unique values that it holds. Raises NotBelieved: it is none by the schema."""
    if problems := profile_problems(profile, schema, matches):
        named = ", ".join(name for name, _ in problems)
        raise NotBelieved("no_matching_social_user", f"attributes that do not fit: {named}")
    unique = held_values(profile, schema)
    return replace(user, profile=profile, unique=unique, unique_version=schema.unique_version)


def party_of(user: User) -> Party:
    """The user as a target of events."""
    return Party(user.id, "User", alternate_id=user.login)


def _by_rules(sign: Sign, event_type: str, targets: Sequence[Party], names: str) -> Event:
    """What group rules do about somebody whom a provider says something of."""
    return sign.build.event(event_type, actor=sign.party, targets=targets, debug={"group_rules": names})


def _group_party(group: Group) -> Party:
    return Party(group.id, "UserGroup", alternate_id=group.name, display_name=group.name)
