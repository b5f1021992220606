"""Everything that is known of somebody, for them to take along. No secret is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..clock import timestamp
from ..factors.user_factors import UserFactors
from ..storage.directory import Person
from ..storage.factors import Factor
from ..storage.remembered_browsers import RememberedBrowsers
from ..storage.sessions import Session
from ..storage.sign_on_history import PastSignIn, SignOnHistories
from ..storage.users import User
from .apps import AppAccess, OwnApps
from .links import OwnLinks
from .profile import OwnProfiles
from .sessions import OwnSessions


@dataclass(frozen=True)
class OwnExport:
    """Reads it all. The log is not read: it is everybody's, and nobody's page may."""

    profiles: OwnProfiles
    sessions: OwnSessions
    apps: OwnApps
    links: OwnLinks
    factors: UserFactors
    remembered: RememberedBrowsers
    history: SignOnHistories

    def of(self, person: Person, *, now: int) -> dict[str, Any]:
        """A JSON object. Raises Unavailable."""
        user = person.user
        browsers = [one for one in self.remembered.of_user(user.id) if one.expires_at > now]
        return {
            "exportedAt": timestamp(now),
            "account": _account(user),
            "profile": {one.name: one.value for one in self.profiles.attributes(user) if one.value is not None},
            "emails": _addresses(user),
            "groups": [group.name for group in person.groups],
            "factors": [_factor(one) for one in self.factors.of(user)],
            "recoveryCodesLeft": self.factors.recovery.left(user),
            "sessions": [_session(one) for one in self.sessions.live(user, now=now)],
            "signIns": [_sign_in(one) for one in self.history.get(user.id).sign_ins],
            "rememberedBrowsers": [
                {"browser": one.label, "since": timestamp(one.created_at), "until": timestamp(one.expires_at)}
                for one in browsers
            ],
            "applications": [_app(one) for one in self.apps.all(user, now=now)],
            "assignedApplications": [
                {"clientId": client_id, "username": known.user_name, "profile": dict(known.profile)}
                for client_id, known in sorted(person.app_users.items())
            ],
            "identityProviders": [
                {
                    "name": "" if one.provider is None else one.provider.name,
                    "externalId": one.link.external_id,
                    "linkedAt": timestamp(one.link.created_at),
                    "profile": dict(one.link.profile),
                }
                for one in self.links.of(user)
            ],
        }


def _account(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "login": user.login,
        "status": user.status,
        "created": timestamp(user.created_at),
        "lastUpdated": timestamp(user.updated_at),
        "lastLogin": None if user.last_login_at is None else timestamp(user.last_login_at),
        "hasPassword": user.password is not None,
        "passwordChanged": None if user.password is None else timestamp(user.password.changed_at),
        "recoveryQuestion": None if user.recovery is None else user.recovery.question,
    }


def _addresses(user: User) -> Sequence[dict[str, Any]]:
    found = [{"value": user.email, "type": "PRIMARY", "verified": user.email_verified}]
    second = user.profile.get("secondEmail")
    return [*found, {"value": second, "type": "SECONDARY"}] if second else found


def _factor(factor: Factor) -> dict[str, Any]:
    return {
        "type": factor.kind,
        "name": factor.name,
        "status": factor.status,
        "address": factor.address,
        "created": timestamp(factor.created_at),
        "lastUsed": None if factor.last_used_at is None else timestamp(factor.last_used_at),
    }


def _session(session: Session) -> dict[str, Any]:
    return {
        "browser": session.agent,
        "address": session.address,
        "began": timestamp(session.created_at),
        "lastSeen": timestamp(session.last_seen_at or session.created_at),
        "methods": list(session.amr),
    }


def _sign_in(past: PastSignIn) -> dict[str, Any]:
    return {
        "last": timestamp(past.at),
        "times": past.count,
        "address": past.address,
        "country": past.country,
        "region": past.region,
        "city": past.city,
        "network": past.asn,
    }


def _app(app: AppAccess) -> dict[str, Any]:
    return {
        "clientId": app.client_id,
        "name": None if app.client is None else app.client.label,
        "access": [
            {
                "server": one.server_id if one.server is None else one.server.name,
                "scopes": list(one.scopes),
                "withoutYou": one.offline,
                "since": timestamp(one.since),
            }
            for one in app.access
        ],
    }
