"""What ``/idp/myaccount`` answers with, in the shapes that its clients read."""

import hashlib
from typing import Any, Final

from ...clock import timestamp
from ...directory.passwords import PasswordPolicy
from ...factors.wire import masked
from ...recovery.address_change import Pending
from ...self_service.profile import OwnAttribute
from ...storage.authenticators import KEY_OF, Authenticator, AuthenticatorKey, AuthenticatorList
from ...storage.factors import Factor
from ...storage.users import User, login_key

PREFIX: Final = "/idp/myaccount"
_TYPES: Final[dict[AuthenticatorKey, str]] = {
    "okta_email": "email",
    "google_otp": "app",
    "okta_password": "password",
    "webauthn": "security_key",
    "security_question": "security_question",
}


def link(href: str, *allow: str) -> dict[str, Any]:
    """A link with what can be done by it."""
    return {"href": href, "hints": {"allow": list(allow)}}


def profile_json(user: User, attributes: "list[OwnAttribute]", base_url: str) -> dict[str, Any]:
    """What the user sees of the profile."""
    href = f"{base_url}{PREFIX}/profile"
    return {
        "createdAt": timestamp(user.created_at),
        "modifiedAt": timestamp(user.updated_at),
        "profile": {one.name: one.value for one in attributes},
        "_links": {"self": {"href": href}, "describedBy": {"href": f"{href}/schema"}},
    }


def schema_json(attributes: "list[OwnAttribute]", base_url: str) -> dict[str, Any]:
    """What each attribute is like, and what the user may do with it."""
    href = f"{base_url}{PREFIX}/profile"
    return {
        "properties": {one.name: _attribute(one) for one in attributes},
        "_links": {"self": {"href": f"{href}/schema"}, "user": {"href": href}},
    }


def _attribute(one: OwnAttribute) -> dict[str, Any]:
    kept = ("title", "description", "type", "minLength", "maxLength", "items", "enum", "format", "required")
    shown = {name: one.definition[name] for name in kept if one.definition.get(name) not in (None, False)}
    return shown | {"permissions": {"SELF": "READ_WRITE" if one.writable else "READ_ONLY"}}


def email_id(user: User, role: str, address: str) -> str:
    """What an address of a user is called: nothing can be told from it."""
    return hashlib.sha256(f"{user.id} {role} {login_key(address)}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def email_json(user: User, role: str, address: str, base_url: str, pending: Pending | None = None) -> dict[str, Any]:
    """An address; ``pending``: it waits for its code."""
    identifier = email_id(user, role, address)
    href = f"{base_url}{PREFIX}/emails/{identifier}"
    allow = ("GET",) if pending is None else ("GET", "DELETE")
    links = {"self": link(href, *allow), "challenge": link(f"{href}/challenge", "POST")}
    if pending is not None:
        links |= _challenge_links(href, pending)
    return {
        "id": identifier,
        "status": "VERIFIED" if pending is None else "UNVERIFIED",
        "roles": [role],
        "profile": {"email": address},
        "_links": links,
    }


def challenge_json(user: User, pending: Pending, base_url: str, *, verified: bool = False) -> dict[str, Any]:
    """A code that is waited for."""
    href = f"{base_url}{PREFIX}/emails/{email_id(user, pending.role, pending.address)}"
    return {
        "id": pending.id,
        "status": "VERIFIED" if verified else "UNVERIFIED",
        "expiresAt": timestamp(pending.expires_at),
        "profile": {"email": pending.address},
        "_links": _challenge_links(href, pending),
    }


def _challenge_links(href: str, pending: Pending) -> dict[str, Any]:
    at = f"{href}/challenge/{pending.id}"
    return {"verify": link(f"{at}/verify", "POST"), "poll": link(at, "GET")}


def password_json(user: User, base_url: str) -> dict[str, Any]:
    """Whether there is a password, and since when."""
    href = f"{base_url}{PREFIX}/password"
    shown: dict[str, Any] = {"id": _password_id(user)}
    if user.password is None:
        return shown | {"status": "NOT_ENROLLED", "_links": {"enroll": link(href, "POST")}}
    changed = timestamp(user.password.changed_at)
    links = {"self": link(href, "GET", "DELETE", "PUT")}
    return shown | {"status": "ACTIVE", "created": changed, "lastUpdated": changed, "_links": links}


def _password_id(user: User) -> str:
    return f"lae{user.id.removeprefix('00u')}"


def complexity_json(policy: PasswordPolicy, base_url: str) -> dict[str, Any]:
    """What a new password has to be like."""
    return {
        "complexity": {
            "minLength": policy.shortest,
            "minLowerCase": policy.lower,
            "minUpperCase": policy.upper,
            "minNumber": policy.digits,
            "minSymbol": policy.symbols,
            "excludeUsername": policy.without_login,
            "excludeAttributes": list(policy.without_attributes),
            "dictionary": {"common": {"exclude": policy.uncommon}},
        },
        "age": {"minAgeMinutes": policy.min_age // 60, "historyCount": policy.history},
        "_links": {"self": link(f"{base_url}{PREFIX}/password/complexity-requirements", "GET")},
    }


def authenticator_json(one: Authenticator, base_url: str) -> dict[str, Any]:
    """A kind of proof that there is here."""
    href = f"{base_url}{PREFIX}/authenticators/{one.id}"
    links = {"self": link(href, "GET"), "enrollments": link(f"{href}/enrollments", "GET")}
    return {"id": one.id, "key": one.key, "name": one.name, "type": _TYPES[one.key], "_links": links}


def enrollment_json(factor: Factor, one: Authenticator, base_url: str) -> dict[str, Any]:
    """A factor by the authenticator that it is of."""
    href = f"{base_url}{PREFIX}/authenticators/{one.id}"
    shown: dict[str, Any] = {
        "id": factor.id,
        "name": factor.name or one.name,
        "nickname": factor.name or None,
        "created": timestamp(factor.created_at),
        "lastChallenged": None if factor.last_used_at is None else timestamp(factor.last_used_at),
        "canReset": False,
        "canUnenroll": factor.kind == "webauthn",
        "_links": {
            "self": link(f"{href}/enrollments/{factor.id}", "GET", "PATCH"),
            "authenticator": link(href, "GET"),
        },
    }
    return shown | {"profile": {"email": masked(factor.address)}} if factor.address else shown


def password_enrollment_json(user: User, one: Authenticator, base_url: str) -> dict[str, Any]:
    """The password, as one of these."""
    href = f"{base_url}{PREFIX}/authenticators/{one.id}"
    created = "" if user.password is None else timestamp(user.password.changed_at)
    return {
        "id": _password_id(user),
        "name": one.name,
        "created": created,
        "canReset": True,
        "canChangePassword": True,
        "canResetPassword": True,
        "canUnenroll": False,
        "_links": {
            "self": link(f"{href}/enrollments/{_password_id(user)}", "GET"),
            "authenticator": link(href, "GET"),
        },
    }


def webauthn_json(factor: Factor, listed: AuthenticatorList, base_url: str) -> dict[str, Any]:
    """A passkey."""
    one = listed.of(KEY_OF["webauthn"])
    return {
        "id": factor.id,
        "status": factor.status,
        "type": _TYPES["webauthn"],
        "key": "webauthn",
        "name": factor.name or one.name,
        "credentialId": None if factor.credential is None else factor.credential.id,
        "created": timestamp(factor.created_at),
        "lastUpdated": timestamp(factor.updated_at),
        "_links": {"self": link(f"{base_url}{PREFIX}/webauthn/{factor.id}", "GET", "DELETE")},
    }
