"""``/api/v1/org``: what the org is called, whom to turn to, what people's pages show."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from ...clock import timestamp
from ...http import Response
from ...storage.events import Party
from ...storage.groups import EVERYONE_GROUP
from ...storage.org_settings import OrgSettings
from ..directory.people import PeopleRecords
from ..http.call import Call
from ..http.errors import not_found
from ..http.fields import Fields
from .organization import ORG_ID

PATH: Final = "/api/v1/org"
CONTACTS: Final = ("BILLING", "TECHNICAL")
#: What no vendor has.
_SELF_SERVICE: Final = f"{PATH}/selfService"
_ACCESS: Final = ("ALLOW", "DENY")
_LONGEST: Final = 255
_SINCE: Final = EVERYONE_GROUP.created_at
#: Members that can be changed, in the order of answers, with what they are at first.
_PROFILE: Final[Mapping[str, str | None]] = {
    "companyName": None, "website": None, "phoneNumber": "", "endUserSupportHelpURL": "", "supportPhoneNumber": "",
    "address1": None, "address2": None, "city": None, "state": None, "country": None, "postalCode": None,
}  # fmt: skip
_URLS: Final = ("website", "endUserSupportHelpURL")

_Change = Callable[[OrgSettings], OrgSettings]


class OrgSettingsResource:
    """The org, its contacts and its preferences."""

    def __init__(self, records: PeopleRecords) -> None:
        self._records = records
        self._settings = records.org_settings

    def get(self, call: Call) -> Response:
        return Response.json(200, _org(self._settings.get(), call))

    def update(self, call: Call) -> Response:
        """POST: what is left out stays as it is. What a client sends back of what it was shown is not read."""
        return self._profile(call, merge=True)

    def replace(self, call: Call) -> Response:
        """PUT: what is left out is as it was at first."""
        return self._profile(call, merge=False)

    def _profile(self, call: Call, *, merge: bool) -> Response:
        body = call.body()
        sent = {name: _text(body, name) for name in _PROFILE if name in body.names()}
        body.check()

        def change(before: OrgSettings) -> OrgSettings:
            merged = {**before.profile, **sent} if merge else sent
            return replace(before, profile={name: value for name, value in merged.items() if value is not None})

        return Response.json(200, _org(self._changed(call, change), call))

    def contacts(self, call: Call) -> Response:
        """Kinds of contacts, each with a link to the user."""
        path = f"{PATH}/contacts"
        return Response.json(
            200,
            [
                {"contactType": kind, "_links": {kind.lower(): {"href": call.url(f"{path}/{kind.lower()}")}}}
                for kind in CONTACTS
            ],
        )

    def contact(self, call: Call) -> Response:
        return Response.json(200, _contact(self._settings.get(), _kind(call), call))

    def replace_contact(self, call: Call) -> Response:
        """200. The user must be there."""
        kind = _kind(call)
        body = call.body()
        user_id = body.text("userId", required=True, longest=64) or ""
        body.check()
        if not self._records.users.many([user_id]):
            raise not_found(user_id, "User")
        settings = self._changed(call, lambda before: replace(before, contacts={**before.contacts, kind: user_id}))
        return Response.json(200, _contact(settings, kind, call))

    def preferences(self, call: Call) -> Response:
        return Response.json(200, _preferences(self._settings.get(), call))

    def show_footer(self, call: Call) -> Response:
        return self._footer(call, shown=True)

    def hide_footer(self, call: Call) -> Response:
        return self._footer(call, shown=False)

    def _footer(self, call: Call, *, shown: bool) -> Response:
        """200. The wish is kept; pages have no footer of a vendor."""
        return Response.json(200, _preferences(self._changed(call, lambda before: replace(before, footer=shown)), call))

    def self_service(self, call: Call) -> Response:
        """What people may do with their own account, beside what everybody may."""
        return Response.json(200, _self_service(self._settings.get(), call))

    def replace_self_service(self, call: Call) -> Response:
        """200. What is left out is as it was at first."""
        body = call.body()
        deletion = body.choice("accountDeletion", _ACCESS, "DENY")
        body.check()
        settings = self._changed(call, lambda before: replace(before, people_delete_themselves=deletion == "ALLOW"))
        return Response.json(200, _self_service(settings, call))

    def _changed(self, call: Call, change: _Change) -> OrgSettings:
        def attempt() -> OrgSettings:
            before = self._settings.get()
            after = change(before)
            if after != before:
                after = replace(after, updated_at=call.now)
                event = call.recorder.event(
                    "org.settings.update", Party(ORG_ID, "Org", display_name=_name(after, call))
                )
                self._settings.save(before, after, [event])
            return after

        return call.retrying(attempt)


def _text(body: Fields, name: str) -> str | None:
    value = body.text(name, longest=_LONGEST)
    if value and name in _URLS and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        body.problem(name, "must be an address with http or https.")
    return value


def _kind(call: Call) -> str:
    kind = call.params["contactType"].upper()
    if kind not in CONTACTS:
        raise not_found(call.params["contactType"], "OrgContactType")
    return kind


def _name(settings: OrgSettings, call: Call) -> str:
    return settings.profile.get("companyName") or _subdomain(call)


def _subdomain(call: Call) -> str:
    return (urlsplit(call.url("")).hostname or "").partition(".")[0]


def _org(settings: OrgSettings, call: Call) -> dict[str, Any]:
    paths = {"preferences": f"{PATH}/preferences", "contacts": f"{PATH}/contacts"}
    shown = {name: settings.profile.get(name, first) for name, first in _PROFILE.items()}
    return {
        "id": ORG_ID,
        "subdomain": _subdomain(call),
        "companyName": _name(settings, call),
        "status": "ACTIVE",
        "expiresAt": None,
        "created": timestamp(_SINCE),
        "lastUpdated": timestamp(settings.updated_at or _SINCE),
        **{name: value for name, value in shown.items() if name != "companyName"},
        "_links": {name: {"href": call.url(path)} for name, path in paths.items()},
    }


def _contact(settings: OrgSettings, kind: str, call: Call) -> dict[str, Any]:
    user_id = settings.contacts.get(kind)
    links = {} if user_id is None else {"user": {"href": call.url(f"/api/v1/users/{user_id}")}}
    return {"userId": user_id, "_links": links}


def _preferences(settings: OrgSettings, call: Call) -> dict[str, Any]:
    verb = "hideEndUserFooter" if settings.footer else "showEndUserFooter"
    link = {"href": call.url(f"{PATH}/preferences/{verb}"), "hints": {"allow": ["POST"]}}
    return {"showEndUserFooter": settings.footer, "_links": {verb: link}}


def _self_service(settings: OrgSettings, call: Call) -> dict[str, Any]:
    return {
        "accountDeletion": "ALLOW" if settings.people_delete_themselves else "DENY",
        "_links": {"self": {"href": call.url(_SELF_SERVICE), "hints": {"allow": ["GET", "PUT"]}}},
    }


def add_org_settings(add: Callable[[str, str, Callable[[Call], Response]], None], records: PeopleRecords) -> None:
    """Their routes."""
    org = OrgSettingsResource(records)
    add("GET", PATH, org.get)
    add("POST", PATH, org.update)
    add("PUT", PATH, org.replace)
    add("GET", f"{PATH}/contacts", org.contacts)
    add("GET", f"{PATH}/contacts/{{contactType}}", org.contact)
    add("PUT", f"{PATH}/contacts/{{contactType}}", org.replace_contact)
    add("GET", f"{PATH}/preferences", org.preferences)
    add("GET", _SELF_SERVICE, org.self_service)
    add("PUT", _SELF_SERVICE, org.replace_self_service)
    add("POST", f"{PATH}/preferences/showEndUserFooter", org.show_footer)
    add("POST", f"{PATH}/preferences/hideEndUserFooter", org.hide_footer)
