"""``/api/v1/authenticators``, and ``/api/v1/org/factors``, which is an older view of the same switches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from ...http import Response
from ...storage.authenticators import Authenticator, AuthenticatorKey, AuthenticatorList, Authenticators
from ...storage.events import Party
from ...storage.servers import Status
from ..http.call import Call, lifecycle, link
from ..http.errors import ApiError, invalid, invalid_field, not_found
from ..http.fields import Fields
from .authenticator_view import METHODS, TYPES, authenticator_json, method_json

ORG_FACTORS: Final = "/api/v1/org/factors"
_ALLOWED_FOR: Final = ("any", "recovery", "sso", "none")
_LIFETIMES: Final = (5, 10, 15, 20, 25, 30)
_WISHES: Final = ("DISCOURAGED", "PREFERRED", "REQUIRED")
_FLAGS: Final = ("enableAutofillUI", "showSignInWithAPasskeyButton", "allowSyncablePasskeys")
_FACTORS: Final[Mapping[str, tuple[AuthenticatorKey, str, str]]] = {
    "google_otp": ("google_otp", "GOOGLE", "token:software:totp"),
    "okta_otp": ("google_otp", "OKTA", "token:software:totp"),
    "okta_email": ("okta_email", "OKTA", "email"),
    "okta_question": ("security_question", "OKTA", "question"),
    "fido_webauthn": ("webauthn", "FIDO", "webauthn"),
    "okta_password": ("okta_password", "OKTA", "password"),
}
#: What cannot be switched off: the password, and what is off. As the compatible product says it.
_NOT_ON: Final = "api.authenticator.error.unsupported.active.deactivate"


class Needed(Protocol):
    """What policies need."""

    def enrolment_policies(self, key: AuthenticatorKey) -> Sequence[str]:
        """Names of the policies that require everybody to enrol it."""

    def rules(self, key: AuthenticatorKey, listed: AuthenticatorList) -> Sequence[str]:
        """Names of the rules of applications that nobody could satisfy without it."""


class AuthenticatorsResource:
    """What the deployment lets people prove with."""

    def __init__(self, records: Authenticators, needed: Needed) -> None:
        self._records = records
        self._needed = needed

    def list(self, call: Call) -> Response:
        """200, all of them by name."""
        found = sorted(self._records.get().authenticators, key=lambda one: one.name)
        return Response.json(200, [authenticator_json(one, call) for one in found])

    def create(self, call: Call) -> Response:
        """200 where one of the key is off; it is switched on. There is one of each key, so there is nothing to make."""
        body = call.body()
        key, name = body.text("key", required=True), body.text("name")
        body.check()
        activate = call.request.query_value("activate") != "false"
        if key == "okta_email":
            raise invalid("com.okta.services.factors.iface.dto.AuthenticatorCatalog", "The field has an invalid value")
        if key == "phone_number":
            raise ApiError("E0000226")
        known = next((one for one in self._records.get().authenticators if one.key == key), None)
        if known is None:
            raise invalid_field("key", "The authenticator is not offered.")
        if known.status == "ACTIVE":
            raise ApiError("E0000157", key or "")
        status: Status = "ACTIVE" if activate else known.status
        return self._changed(call, known.id, lambda one: replace(one, name=name or one.name, status=status), "activate")

    def get(self, call: Call) -> Response:
        return Response.json(200, authenticator_json(_found(self._records.get(), call.params["authenticatorId"]), call))

    def replace(self, call: Call) -> Response:
        """200. Name and settings; key and type stay."""
        known = _found(self._records.get(), call.params["authenticatorId"])
        body = call.body()
        name = body.text("name", required=True)
        for member, fixed in (("key", known.key), ("type", TYPES[known.key])):
            if (body.text(member) or fixed) != fixed:
                body.problem(member, "The field cannot be changed.")
        settings = _settings(known, body)
        body.check()
        return self._changed(
            call, known.id, lambda one: replace(one, name=name or one.name, settings=settings), "update"
        )

    def activate(self, call: Call) -> Response:
        return self._changed(
            call, call.params["authenticatorId"], lambda one: replace(one, status="ACTIVE"), "activate"
        )

    def deactivate(self, call: Call) -> Response:
        """200. Refused where a policy requires it, and where it is off."""
        known = _found(self._records.get(), call.params["authenticatorId"])
        if known.status == "INACTIVE":
            raise invalid(_NOT_ON)
        self._check_needless(known.key)
        return self._changed(call, known.id, lambda one: replace(one, status="INACTIVE"), "deactivate")

    def methods(self, call: Call) -> Response:
        known = _found(self._records.get(), call.params["authenticatorId"])
        return Response.json(200, [method_json(known, call)])

    def method(self, call: Call) -> Response:
        return Response.json(200, method_json(self._of_method(call), call))

    def replace_method(self, call: Call) -> Response:
        """200. Of keys: whom they have to know, where they may be found, what kind they may be."""
        known = self._of_method(call)
        body = call.body()
        settings = _key_settings(body.below("settings")) if known.key == "webauthn" else known.method
        body.check()
        self._changed(call, known.id, lambda one: replace(one, method=settings), "update")
        return Response.json(200, method_json(_found(self._records.get(), known.id), call))

    def org_factors(self, call: Call) -> Response:
        listed = self._records.get()
        return Response.json(200, [_org_factor(name, listed, call) for name in _FACTORS])

    def org_factor(self, call: Call) -> Response:
        return Response.json(200, _org_factor(_factor_name(call), self._records.get(), call))

    def activate_org_factor(self, call: Call) -> Response:
        return self._switch(call, "ACTIVE", "activate")

    def deactivate_org_factor(self, call: Call) -> Response:
        return self._switch(call, "INACTIVE", "deactivate")

    def _switch(self, call: Call, status: Status, verb: str) -> Response:
        name = _factor_name(call)
        key = _FACTORS[name][0]
        if status == "INACTIVE":
            try:
                self._check_needless(key)
            except ApiError as refusal:
                raise invalid("factor", *(refusal.causes or (refusal.summary,))) from None
        known = self._records.get().of(key)
        self._changed(call, known.id, lambda one: replace(one, status=status), verb, about=f"system.mfa.factor.{verb}")
        return Response.json(200, _org_factor(name, self._records.get(), call))

    def _check_needless(self, key: AuthenticatorKey) -> None:
        if key == "okta_password":
            raise invalid(_NOT_ON)
        if names := self._needed.enrolment_policies(key):
            raise ApiError("E0000148", causes=[f"Authenticator Enrollment Policies: {', '.join(names)}"])
        if names := self._needed.rules(key, self._records.get()):
            rules = ", ".join(names)
            if key == "webauthn":
                raise ApiError("E0000219", rules)
            raise ApiError("E0000148", causes=[f"Policy rules: {rules}"])

    def _of_method(self, call: Call) -> Authenticator:
        known = _found(self._records.get(), call.params["authenticatorId"])
        if call.params["methodType"] != METHODS[known.key]:
            raise not_found(call.params["methodType"], "AuthenticatorMethod")
        return known

    def _changed(
        self,
        call: Call,
        identifier: str,
        change: Callable[[Authenticator], Authenticator],
        verb: str,
        *,
        about: str | None = None,
    ) -> Response:
        def attempt() -> Authenticator:
            listed = self._records.get()
            before = _found(listed, identifier)
            after = change(before)
            if after == before:
                return before
            after = replace(after, updated_at=call.now)
            party = Party(after.id, "Authenticator", alternate_id=after.key, display_name=after.name)
            event = call.recorder.event(about or f"security.authenticator.lifecycle.{verb}", party)
            self._records.save(listed, listed.with_changed(after), [event])
            return after

        return Response.json(200, authenticator_json(call.retrying(attempt), call))


def _found(listed: AuthenticatorList, identifier: str) -> Authenticator:
    found = next((one for one in listed.authenticators if one.id == identifier), None)
    if found is None:
        raise not_found(identifier, "Authenticator")
    return found


def _settings(known: Authenticator, body: Fields) -> Mapping[str, Any] | None:
    if known.settings is None or not body.has("settings"):
        return known.settings
    sent = body.below("settings")
    settings = dict(known.settings)
    if "allowedFor" in settings:
        settings["allowedFor"] = sent.choice("allowedFor", _ALLOWED_FOR, settings["allowedFor"])
    if "tokenLifetimeInMinutes" in settings:
        minutes = sent.number("tokenLifetimeInMinutes")
        if minutes is not None and minutes not in _LIFETIMES:
            sent.problem("tokenLifetimeInMinutes", "must be 5, 10, 15, 20, 25 or 30.")
        settings["tokenLifetimeInMinutes"] = minutes or settings["tokenLifetimeInMinutes"]
    return settings


def _key_settings(sent: Fields) -> Mapping[str, Any]:
    """What was said, checked; what was not is as it is at first."""
    settings: dict[str, Any] = {
        "userVerification": sent.choice("userVerification", _WISHES, "PREFERRED"),
        "attachment": sent.choice("attachment", ("ANY", "BUILT_IN", "ROAMING"), "ANY"),
    }
    for name in ("userVerificationForVerify", "residentKeyRequirement"):
        if sent.has(name):
            settings[name] = sent.choice(name, _WISHES, "PREFERRED")
    for name in _FLAGS:
        if sent.has(name):
            settings[name] = sent.flag(name, default=True)
    if sent.below("rpId").flag("enabled", default=False):
        sent.problem("rpId", "A domain of its own is not offered.")
    if sent.raw("aaguidGroups"):
        raise ApiError("E0000015")
    return settings


def _factor_name(call: Call) -> str:
    name = call.params["factorId"]
    if name not in _FACTORS:
        raise not_found(name, "OrgFactor")
    return name


def _org_factor(name: str, listed: AuthenticatorList, call: Call) -> dict[str, Any]:
    key, provider, factor_type = _FACTORS[name]
    href, status = call.url(f"{ORG_FACTORS}/{name}"), listed.of(key).status
    return {
        "id": name,
        "provider": provider,
        "factorType": factor_type,
        "status": status,
        "_links": lifecycle(href, status) | {"self": link(href, "GET")},
    }
