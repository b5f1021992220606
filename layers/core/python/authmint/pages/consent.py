"""``/consent``: whether a client may have what it asks for (docs/protocol.md §8.4)."""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from ..http import Response
from ..ids import Ids
from ..oauth.authorization.approval import places
from ..storage.consents import Consent, Consents
from ..storage.users import User
from ..web.forms import BadForm
from .browsers import CookieBrowsers
from .client_view import view_of
from .documents import HostedPages
from .scope_view import views
from .sign_on_events import SignOnEvents
from .visit import Onward, Visit, see_other
from .waiting import Authorizations, Waiting

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class ConsentPage:
    """Asks, and remembers the answer."""

    pages: HostedPages
    browsers: CookieBrowsers
    authorizations: Authorizations
    consents: Consents
    journal: SignOnEvents
    ids: Ids

    def get(self, visit: Visit) -> Response:
        """The question; where there is none (any more): back to the authorization endpoint, which knows why."""
        handle = Onward.of(visit.request.query_value("request"), None).handle
        waiting = self.authorizations.waiting(visit.request, handle, visit.guest, now=visit.now)
        person = visit.guest.person
        if person is None or waiting.must_sign_in or not waiting.scopes:
            return see_other(waiting.resume_uri)
        return self._form(visit, handle, waiting, person.user)

    def post(self, visit: Visit) -> Response:
        """Back to the client, through the authorization endpoint."""
        handle = Onward.of(visit.form.text("request"), None).handle
        visit.check("consent", handle)
        waiting = self.authorizations.waiting(visit.request, handle, visit.guest, now=visit.now)
        decision = visit.form.text("decision")
        if decision == "deny":
            return self.authorizations.deny(visit.request, handle, visit.guest, now=visit.now)
        if decision == "switch":
            return see_other(waiting.resume_uri).with_headers(*self.browsers.sign_out(visit.request, now=visit.now))
        person = visit.guest.person
        if person is None or waiting.must_sign_in or not waiting.scopes:
            return see_other(waiting.resume_uri)
        if decision != "allow":
            raise BadForm("no decision")
        if visit.form.text("asked") != _asked(waiting):
            # Somebody changed the scopes meanwhile: what was agreed to is not what would be granted.
            return self._form(visit, handle, waiting, person.user)
        answers = self._answers(visit, waiting, person.user)
        self.consents.record(answers)
        said = {consent.scope: consent.answer for consent in answers}
        self.journal.agreed(visit.request, person.user, waiting.client, waiting.server_id, said)
        return see_other(waiting.resume_uri)

    def _answers(self, visit: Visit, waiting: Waiting, user: User) -> list[Consent]:
        chosen = frozenset(visit.form.texts("optional"))
        return [
            Consent(
                id=self.ids.object_id("oag"),
                user_id=user.id,
                client_id=waiting.client.id,
                server_id=waiting.server_id,
                scope=scope.name,
                created_at=visit.now,
                answer="SKIPPED" if scope.optional and scope.name not in chosen else "GRANTED",
                resource=about,
            )
            for scope in waiting.scopes
            for about in places(scope.name, waiting.resources)
        ]

    def _form(self, visit: Visit, handle: str, waiting: Waiting, user: User) -> Response:
        target, client = target_of(waiting.redirect_uri), view_of(waiting.client)
        values = {
            "client": client,
            "target": target,
            "login": user.login,
            "scopes": views(waiting.scopes),
            "resources": [(resource.name, resource.uri) for resource in waiting.resources],
            "fields": {"request": handle, "asked": _asked(waiting), "csrf": visit.guest.csrf("consent", handle)},
        }
        return self.pages.show(
            "consent.html",
            visit.request,
            values,
            forms="away",
            images=client.images,
            wished=waiting.ui_locales,
        )


@dataclass(frozen=True)
class Target:
    """Where the answer goes.

    Attributes:
        kind: A web site; whatever program listens on the user's device; whatever program the device knows by a scheme.
        name: Host or scheme.
    """

    kind: Literal["web", "device", "scheme"]
    name: str


def target_of(redirect_uri: str) -> Target:
    """Where a browser goes on, as its user can understand it."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in {"http", "https"}:
        return Target("scheme", parts.scheme)
    host = parts.hostname or ""
    return Target("device" if host in _LOOPBACK else "web", parts.netloc.rpartition("@")[2] or host)


def _asked(waiting: Waiting) -> str:
    """What the page showed: scopes by name and by whether they could be left out, and what they are for."""
    shown = [f"{scope.name}{'?' if scope.optional else ''}" for scope in waiting.scopes]
    return " ".join((*shown, *(resource.uri for resource in waiting.resources)))
