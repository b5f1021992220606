"""People make an account of their own: it is there once its address is confirmed, and has a password only then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..audit.recorder import Recorder
from ..clock import Clock
from ..directory.profile import profile_problems, standard_attributes, unknown_attributes
from ..directory.uniqueness import held_values
from ..http import Request
from ..ids import Ids
from ..mail.letters import Letters
from ..policy.sign_on.sign_up import SignUpDecision
from ..rate_limit import RateLimit, network_of
from ..storage.clients import secret_digest
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event, Party
from ..storage.groups import Groups
from ..storage.recovery_tickets import RecoveryTicket, RecoveryTickets
from ..storage.retrying import Retrying
from ..storage.roles import Roles
from ..storage.schemas import ProfileSchema
from ..storage.users import RecoveryToken, User, Users, login_key
from .refusals import TooOften
from .tickets import bound

#: Seconds that the mailed link is good.
LIFETIME: Final = 7 * 86_400
#: Characters of what is typed into one field.
_LONGEST: Final = 1_000
_PATH: Final = "/welcome/"
#: What stands in it is taken for the user's own address, and no mail would prove that.
_UNPROVED: Final = "secondEmail"


class BadProfile(Exception):
    """What was typed makes no profile. ``problems``: names of attributes, and what is wrong with each."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(", ".join(name for name, _ in problems))
        self.problems = problems


@dataclass(frozen=True)
class SignUp:
    """Takes strangers' wishes for an account.

    Attributes:
        schema: Of the default type of users.
        fits: Whether a pattern, the first, matches all of a text.
        hook: Asks the hook of an id about a profile; the profile as it wants it. Raises NotWelcome.
        of_address: How often somebody may ask.
    """

    users: Users
    groups: Groups
    roles: Roles
    tickets: RecoveryTickets
    letters: Letters
    schema: Callable[[], ProfileSchema]
    fits: Callable[[str, str], bool]
    hook: Callable[[str, Mapping[str, Any], Request], Mapping[str, Any]]
    of_address: RateLimit
    clock: Clock
    ids: Ids
    retrying: Retrying = field(default_factory=Retrying)

    @property
    def on(self) -> bool:
        """Whether anybody can: an address is confirmed by mail."""
        return self.letters.on

    def titles(self, decision: SignUpDecision) -> Mapping[str, str]:
        """What the attributes of a form are called where nobody said; without those that there are not."""
        schema = self.schema()
        known = {**standard_attributes(schema), **schema.custom}
        del known[_UNPROVED]
        return {
            one.name: str(known[one.name].get("title") or one.name) for one in decision.attributes if one.name in known
        }

    def ask(
        self,
        decision: SignUpDecision,
        typed: Mapping[str, str],
        request: Request,
        *,
        now: int,
        onward: Mapping[str, str] | None = None,
    ) -> None:
        """Take a wish. Nothing tells whether the name is taken: mail goes to the address either way.

        Args:
            decision: What the form asked for; it is open.
            typed: By attribute. Without ``login`` the address is the username.
            request: Of whom.
            now: Unix seconds.
            onward: Where the browser goes in the end.

        Raises:
            BadProfile: What was typed makes no profile, or holds a value that only one user may have.
            TooOften: Too many such wishes from this address.
            NotWelcome: The operator's hook says no.
            Unavailable: Storage could not answer.
        """
        profile, schema = self._profile(decision, typed)
        allowance = self.of_address.take(network_of(request.source_ip), now=now)
        if not allowance.allowed:
            raise TooOften(allowance)
        if decision.hook_id:  # before anything can tell whether the name is taken
            profile = self._as_hooked(self.hook(decision.hook_id, profile, request), schema)
        self.retrying(lambda: self._asked(decision, profile, schema, request, now, onward or {}))

    def _profile(self, decision: SignUpDecision, typed: Mapping[str, str]) -> tuple[Mapping[str, Any], ProfileSchema]:
        schema = self.schema()
        named = self.titles(decision)
        texts = {name: " ".join(typed.get(name, "")[:_LONGEST].split()) for name in named}
        profile: dict[str, Any] = {name: text for name, text in texts.items() if text}
        profile.setdefault("login", profile.get("email", ""))
        missing = [
            (one.name, "") for one in decision.attributes if one.required and one.name in named and not texts[one.name]
        ]
        if missing:
            raise BadProfile(missing)
        self._check(profile, schema)
        return profile, schema

    def _check(self, profile: Mapping[str, Any], schema: ProfileSchema) -> None:
        problems = list(profile_problems(profile, schema, self.fits))
        if not problems and "@" in profile["login"] and login_key(profile["login"]) != login_key(profile["email"]):
            # It would be somebody else's address: an identity provider that vouches for them would sign them in here.
            problems = [("login", "")]
        if problems:
            raise BadProfile(problems)

    def _as_hooked(self, profile: Mapping[str, Any], schema: ProfileSchema) -> Mapping[str, Any]:
        """What a hook made of a profile is looked at as if it had been typed."""
        if unknown := unknown_attributes(profile, schema):
            raise BadProfile([(name, "") for name in unknown])
        self._check(profile, schema)
        return {name: value for name, value in profile.items() if value is not None}

    def _asked(
        self,
        decision: SignUpDecision,
        profile: Mapping[str, Any],
        schema: ProfileSchema,
        request: Request,
        now: int,
        onward: Mapping[str, str],
    ) -> None:
        before = self._taken_by(profile["login"])
        text = self.ids.opaque(32)
        if before is not None and not _waits(before):
            self._told(before, text, now)
            return
        token = RecoveryToken("registration", secret_digest(text), now + LIFETIME)
        user = User(self.ids.object_id("00u"), now, now, "STAGED", profile) if before is None else before
        user = replace(user, profile=profile, ticket=token, updated_at=now)
        user = replace(user, unique=held_values(profile, schema), unique_version=schema.unique_version)
        values = {"activationLink": f"{request.base_url}{_PATH}{text}", "activationToken": text}
        mails = self.letters.to(user, "RegistrationActivation", values, now=now, lifetime=LIFETIME)
        ticket = RecoveryTicket(
            token.digest, "registration", user.id, bound(user, "registration"), now, token.expires_at, dict(onward)
        )
        self.tickets.add(ticket, [], ())  # of nobody, until the user is there
        events = [
            self._event("user.lifecycle.create" if before is None else "user.account.update_profile", user, request)
        ]
        try:
            if before is None:
                self.users.add(user, events, group_ids=self._groups(decision), mails=mails)
            else:
                self.users.save(before, user, events, mails=mails)
        except AlreadyExists as error:
            if error.field in {"login", "id"}:
                raise Conflict(error.field) from None  # somebody else came first: whose it is now
            raise BadProfile([("", "taken")]) from None

    def _taken_by(self, login: str) -> User | None:
        try:
            return self.users.by_login(login)
        except NotFound:
            return None

    def _told(self, user: User, text: str, now: int) -> None:
        """To whose account it is: somebody wanted another one. As much is written as for a new one."""
        empty = RecoveryTicket(secret_digest(text), "nothing", user.id, "", now, now + LIFETIME)
        self.tickets.add(empty, [], ())
        again = replace(empty, digest=secret_digest(self.ids.opaque(32)))
        self.tickets.add(again, [], self.letters.to(user, "RegistrationAttempt", now=now))

    def _groups(self, decision: SignUpDecision) -> Sequence[str]:
        """Those that are there, and give nobody power over others."""
        book = self.roles.get()
        found = self.groups.many(decision.group_ids)
        return [group.id for group in found if not book.of("GROUP", group.id)]

    def _event(self, event_type: str, user: User, request: Request) -> Event:
        party = Party(user.id, "User", alternate_id=user.login)
        debug = {"is_self_initiated": "true"}
        return Recorder(self.clock, self.ids, party, request).event(event_type, party, debug=debug)


def _waits(user: User) -> bool:
    """Whether it is an account that somebody wished for and nobody confirmed: another wish takes its place."""
    waits = user.status == "STAGED" and user.ticket is not None and user.ticket.purpose == "registration"
    return waits and user.external_id is None  # nor whom a company's directory has made its own meanwhile
