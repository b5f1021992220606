"""A person who administers everything, made by whoever may invoke the function (docs/protocol.md §24.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...audit.recorder import Recorder
from ...clock import Clock
from ...directory.passwords import PasswordPolicy
from ...directory.recovery_tokens import issue
from ...ids import Ids
from ...storage.errors import AlreadyExists, Conflict, NotFound
from ...storage.retrying import Retrying
from ...storage.roles import RoleAssignment
from ...storage.users import Password, User
from ..directory.people import PeopleRecords
from ..directory.user_body import with_profile
from ..directory.user_lifecycle import ACTIVATION_LIFETIME
from ..http.errors import ApiError
from ..http.parties import user_party

_NAMES: Final = ("login", "email", "firstName", "lastName", "password")


@dataclass(frozen=True)
class Administrators:
    """Makes such people, and such of people that are there."""

    people: PeopleRecords
    clock: Clock
    ids: Ids
    retrying: Retrying

    def __call__(self, payload: Mapping[str, Any], recorder: Recorder) -> dict[str, Any]:
        """``{"login": …}`` and, of who is new, ``email``, ``firstName``, ``lastName``, ``password``.

        Who is new and has no password gets an ``activationToken`` to choose one with at ``/welcome/{token}``. Of who
        is there already nothing changes but the role.
        """
        wrong = [name for name in _NAMES if not isinstance(payload.get(name, ""), str)]
        if wrong or not payload.get("login"):
            return _refused("bad_person", "login must be given, and it and all others must be texts")
        try:
            user, answer = self.retrying(lambda: self._person(payload, recorder), on=(Conflict, AlreadyExists))
            self.retrying(lambda: self._grant(user, recorder))
        except ApiError as error:
            return _refused("bad_person", "; ".join(error.causes) or error.summary)
        return {"userId": user.id, "login": user.login, **answer}

    def _person(self, payload: Mapping[str, Any], recorder: Recorder) -> tuple[User, dict[str, Any]]:
        try:
            return self.people.users.by_login(payload["login"]), {"created": False}
        except NotFound:
            return self._new(payload, recorder)

    def _new(self, payload: Mapping[str, Any], recorder: Recorder) -> tuple[User, dict[str, Any]]:
        now, login, password = self.clock.now(), payload["login"], payload.get("password")
        profile = {
            "login": login,
            "email": payload.get("email") or login,
            "firstName": payload.get("firstName") or "Authmint",
            "lastName": payload.get("lastName") or "Administrator",
        }
        user = User(self.ids.object_id("00u"), now, now, "ACTIVE", {}, activated_at=now, status_changed_at=now)
        user = with_profile(user, profile, self.people.schemas.get())
        answer: dict[str, Any] = {"created": True}
        if password:
            policy = PasswordPolicy()
            if lacks := policy.lacks(password, login, profile):
                raise ApiError("E0000080", causes=[policy.refusal(lacks)])
            user = replace(user, password=Password(self.people.hashes.make(password), now))
        else:
            text, ticket = issue(user.id, "activation", self.ids, now=now, lifetime=ACTIVATION_LIFETIME)
            user, answer["activationToken"] = replace(user, status="PROVISIONED", ticket=ticket), text
        self.people.users.add(user, [recorder.event("user.lifecycle.create", user_party(user))])
        return user, answer

    def _grant(self, user: User, recorder: Recorder) -> None:
        book = self.people.roles.get()
        held = book.of("USER", user.id)
        if any(role.type == "SUPER_ADMIN" for role in held):
            return
        now = self.clock.now()
        role = RoleAssignment(self.ids.object_id("ra1"), "SUPER_ADMIN", now, now)
        debug = {"privilege_granted": "Super Administrator"}
        event = recorder.event("user.account.privilege.grant", user_party(user), debug=debug)
        self.people.roles.save(book, book.having("USER", user.id, (*held, role)), [event])


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"error": code, "message": message}
