"""``/oauth2/v1/global-token-revocation``: all that somebody is signed in by, at once (docs/protocol.md §24.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...http import Response
from ...storage.errors import NotFound
from ...storage.events import Event
from ...storage.identity_providers import IdentityProviders, IdpLinks
from ...storage.servers import Servers, issuer_of, server_named
from ...storage.users import User
from ..administrators.access import is_higher
from ..directory.people import PeopleRecords, user_party
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError
from ..http.fields import Fields

PATH: Final = "/oauth2/v1/global-token-revocation"
_FORMATS: Final = ("opaque", "iss_sub")
_LONGEST: Final = 1_024


@dataclass(frozen=True)
class GlobalRevocation:
    """Ends a user's tokens, at every server, and sessions. Whoever is signed in nowhere is answered alike."""

    people: PeopleRecords
    servers: Servers
    providers: IdentityProviders
    links: IdpLinks

    def revoke(self, call: Call) -> Response:
        """204. From here on no token of before is active; sessions end, and clients are told of it."""
        user_id = self._subject(call.body().below("sub_id"), call)

        def change(before: User) -> tuple[User, Sequence[Event]]:
            self._check(before, call)
            party = user_party(before)
            events = [
                call.recorder.event(name, party)
                for name in ("user.session.clear", "app.oauth2.token.revoke.implicit.user")
            ]
            return replace(before, token_generation=before.token_generation + 1, updated_at=call.now), events

        self.people.change(replace(call, params={**call.params, "userId": user_id}), change)
        return NO_CONTENT

    def _subject(self, sent: Fields, call: Call) -> str:
        """Id of whom the body means (RFC 9493 §3.2.1, §3.2.4).

        Raises:
            ApiError: E0000001, the body means nobody in this way; E0000007, there is no such user.
        """
        kind = sent.choice("format", _FORMATS, "", required=True)
        names = ("id",) if kind == "opaque" else ("iss", "sub")
        values = [sent.text(name, required=True, longest=_LONGEST) or "" for name in names]
        sent.check()
        if kind == "opaque":
            return self._user(values[0]).id
        issuer, subject = values
        if self._is_ours(issuer, call):
            return self._user(subject).id
        for provider in self.providers.all().providers:
            if provider.upstream.issuer == issuer:
                try:
                    return self.links.by_subject(provider.id, subject).user_id
                except NotFound:
                    continue
        raise _nobody()

    def _is_ours(self, issuer: str, call: Call) -> bool:
        base = call.request.base_url
        if issuer == base:
            return True
        path_id = issuer.removeprefix(f"{base}/oauth2/")
        try:
            return "/" not in path_id and issuer == issuer_of(self.servers.get(server_named(path_id)), base)
        except NotFound:
            return False

    def _user(self, user_id: str) -> User:
        try:
            return self.people.users.get(user_id)
        except NotFound:
            raise _nobody() from None

    def _check(self, user: User, call: Call) -> None:
        """Raises ApiError (E0000006): somebody with higher roles is left to who has those."""
        if call.caller.access.is_super:
            return
        groups = [group.id for group in self.people.directory.person(user.id).groups]
        if is_higher(self.people.roles.get().of_user(user.id, groups), call.caller.access):
            raise ApiError("E0000006")


def _nobody() -> ApiError:
    return ApiError("E0000001", "sub_id", ["sub_id: There is no user of this name."])
