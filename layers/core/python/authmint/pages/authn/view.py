"""A sign-on as ``/api/v1/authn`` prints it: what SDKs turn into methods, they find by the names of links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...clock import timestamp
from ...directory.passwords import PasswordPolicy
from ...factors.wire import masked, profile_of, type_of
from ...sign_on.sign_on import Pending
from ...storage.factors import Factor, FactorKind
from ...storage.users import User

_DAY: Final = 86_400
#: Whose kinds of factors are, as clients know them.
_PROVIDERS: Final[Mapping[FactorKind, str]] = {"totp": "GOOGLE", "webauthn": "FIDO", "email": "OKTA"}


@dataclass(frozen=True)
class AuthnView:
    """Prints transactions.

    Attributes:
        base: URL of ``/api/v1/authn``.
        policy: What passwords must be like.
        now: Unix seconds.
    """

    base: str
    policy: PasswordPolicy
    now: int

    def of(self, pending: Pending, shown: Mapping[str, Any]) -> dict[str, Any]:
        """The transaction at its step. ``shown``: what the caller needs for a factor that was chosen or is set up."""
        status, embedded, links = self._step(pending, shown)
        relayed = pending.transaction.onward.get("relayState")
        return {
            "stateToken": pending.handle,
            "expiresAt": timestamp(pending.transaction.expires_at),
            "status": status,
            **({} if relayed is None else {"relayState": relayed}),
            **_result(status, pending),
            "_embedded": {"user": user_view(pending.user), **embedded},
            "_links": {**links, "cancel": self.link("cancel")},
        }

    def link(self, path: str, name: str | None = None) -> dict[str, Any]:
        """A link that is a method: with more than one verb in ``allow``, SDKs would make none of it."""
        named = {} if name is None else {"name": name}
        return {**named, "href": f"{self.base}/{path}", "hints": {"allow": ["POST"]}}

    def _step(self, pending: Pending, shown: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
        step, chosen = pending.step, pending.transaction.factor_id
        if step.name == "new_password":
            warns = step.reason == "expiring"
            links = {"next": self.link("credentials/change_password", "changePassword")}
            if warns:
                links["skip"] = self.link("skip", "skip")
            return (
                ("PASSWORD_WARN" if warns else "PASSWORD_EXPIRED"),
                {"policy": password_policy_view(self.policy, days=self._days(pending) if warns else 0)},
                links,
            )
        if step.name == "enrol":
            if chosen is None:
                return (
                    "MFA_ENROLL",
                    {"factors": [self._enrollable(kind, required=step.reason == "required") for kind in step.kinds]},
                    {},
                )
            return self._activating(chosen, pending, shown)
        if chosen is None:
            return "MFA_REQUIRED", self._choices(pending) | {"policy": _policy(pending)}, {}
        return self._challenged(chosen, pending, shown)

    def _days(self, pending: Pending) -> int:
        """For how many days the password is still good: the one that has begun counts."""
        left = pending.transaction.password_expires_at - self.now
        return max(1, -(-left // _DAY))

    def _choices(self, pending: Pending) -> dict[str, Any]:
        factors = _choices(pending)
        embedded: dict[str, Any] = {"factors": [self._factor(factor, pending.user.login) for factor in factors]}
        if sum(factor.kind == "webauthn" for factor in factors) > 1:
            verify = self.link("factors/webauthn/verify", "verify")
            embedded = {"factorTypes": [{"factorType": "webauthn", "_links": {"next": verify}}], **embedded}
        return embedded

    def _challenged(
        self, chosen: str, pending: Pending, shown: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        factors = _choices(pending)
        factor = next(factor for factor in factors if factor.id == chosen)
        links = {"prev": self.link("previous", "prev")}
        embedded: dict[str, Any] = {"policy": _policy(pending)}
        if factor.kind == "webauthn" and not pending.transaction.alone:
            links["next"] = self.link("factors/webauthn/verify", "verify")
            keys = [self._plain(each, pending.user.login) for each in factors if each.kind == "webauthn"]
            embedded |= {"challenge": shown.get("options", {}), "factors": keys}
            return "MFA_CHALLENGE", embedded, links
        links["next"] = self.link(f"factors/{chosen}/verify", "verify")
        view = self._plain(factor, pending.user.login)
        if factor.kind == "webauthn":
            view["_embedded"] = {"challenge": shown.get("options", {})}
        elif factor.kind == "email":
            view["_embedded"] = {"verification": None}
            links["resend"] = [self.link(f"factors/{chosen}/verify/resend", "email")]  # type: ignore[assignment]
        return "MFA_CHALLENGE", embedded | {"factor": view}, links

    def _activating(
        self, chosen: str, pending: Pending, shown: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        links = {
            "next": self.link(f"factors/{chosen}/lifecycle/activate", "activate"),
            "prev": self.link("previous", "prev"),
        }
        kind = next(kind for kind in _PROVIDERS if kind == pending.transaction.kind)
        view: dict[str, Any] = {
            "id": chosen,
            "factorType": type_of(kind),
            "provider": _PROVIDERS[kind],
            "vendorName": _PROVIDERS[kind],
        }
        if kind == "email":
            view["profile"] = {"email": masked(str(shown.get("address", "")))}
            links["resend"] = [self.link(f"factors/{chosen}/lifecycle/resend", "email")]  # type: ignore[assignment]
        elif kind == "webauthn":
            view["profile"] = {}
            view["_embedded"] = {"activation": shown.get("options", {})}
        else:
            view["profile"] = {"credentialId": pending.user.login}
            view["_embedded"] = {"activation": activation_view(shown)}
        return "MFA_ENROLL_ACTIVATE", {"factor": view}, links

    def _factor(self, factor: Factor, login: str) -> dict[str, Any]:
        return self._plain(factor, login) | {"_links": {"verify": self.link(f"factors/{factor.id}/verify")}}

    def _plain(self, factor: Factor, login: str) -> dict[str, Any]:
        profile = profile_of(factor, login)
        if factor.kind == "email":
            profile = {"email": masked(factor.address or "")}
        return {
            "id": factor.id,
            "factorType": type_of(factor.kind),
            "provider": factor.provider,
            "vendorName": factor.provider,
            "profile": profile,
        }

    def _enrollable(self, kind: FactorKind, *, required: bool) -> dict[str, Any]:
        view: dict[str, Any] = {
            "factorType": type_of(kind),
            "provider": _PROVIDERS[kind],
            "vendorName": _PROVIDERS[kind],
            "status": "NOT_SETUP",
            "enrollment": "REQUIRED" if required else "OPTIONAL",
            "_links": {"enroll": self.link("factors")},
        }
        return view | {"_embedded": {"emails": []}} if kind == "email" else view


def password_policy_view(policy: PasswordPolicy, *, days: int = 0) -> dict[str, Any]:
    """What a new password must be like. ``days``: how long the one that there is will do."""
    return {
        "complexity": {
            "minLength": policy.shortest,
            "minLowerCase": policy.lower,
            "minUpperCase": policy.upper,
            "minNumber": policy.digits,
            "minSymbol": policy.symbols,
            "excludeUsername": policy.without_login,
        },
        "age": {"minAgeMinutes": policy.min_age // 60, "historyCount": policy.history},
        "expiration": {"passwordExpireDays": days},
    }


def activation_view(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What an authenticator app needs."""
    return {
        "timeStep": 30,
        "sharedSecret": shown.get("secret"),
        "encoding": "base32",
        "keyLength": 6,
        "_links": {"qrcode": {"href": shown.get("picture"), "type": "image/png"}},
    }


def user_view(user: User) -> dict[str, Any]:
    """A user, as all answers have it."""
    profile = user.profile
    return {
        "id": user.id,
        "passwordChanged": None if user.password is None else timestamp(user.password.changed_at),
        "profile": {
            "login": user.login,
            "firstName": profile.get("firstName"),
            "lastName": profile.get("lastName"),
            "locale": profile.get("locale") or "en",
            "timeZone": profile.get("timezone") or "America/Los_Angeles",
        },
    }


def _choices(pending: Pending) -> Sequence[Factor]:
    return [factor for factor in pending.known.factors if factor.id in pending.step.choices]


def _policy(pending: Pending) -> dict[str, Any]:
    """Whether the browser may be remembered; clients look for it without asking whether it is there."""
    remembering = pending.requirement.remembering
    minutes = 0 if remembering is None or remembering.lifetime is None else remembering.lifetime // 60
    return {
        "allowRememberDevice": remembering is not None,
        "rememberDeviceLifetimeInMinutes": minutes,
        "rememberDeviceByDefault": remembering is not None and remembering.by_default,
        "factorsPolicyInfo": {},
    }


def _result(status: str, pending: Pending) -> dict[str, Any]:
    if status != "MFA_CHALLENGE":
        return {}
    factor = next(factor for factor in _choices(pending) if factor.id == pending.transaction.factor_id)
    if factor.kind != "webauthn":
        return {}
    if pending.transaction.alone:
        return {"factorResult": "CHALLENGE"}
    return {"factorResult": "CHALLENGE", "challengeType": "FACTOR_TYPE", "factorType": "webauthn"}
