"""``/account/profile``: what is known of its owner, and what of it they may change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...http import Response
from ...self_service.profile import OwnAttribute
from ...self_service.refusals import BadProfile, NotDone, NotWritable
from ...self_service.services import SelfService
from ...storage.errors import NotFound
from ...web.forms import Form
from ..visit import Visit
from .frame import Frame, Own

_SECTION: Final = "profile"
_AUTOFILL: Final = {
    "firstName": "given-name",
    "lastName": "family-name",
    "middleName": "additional-name",
    "honorificPrefix": "honorific-prefix",
    "honorificSuffix": "honorific-suffix",
    "displayName": "name",
    "nickName": "nickname",
    "mobilePhone": "tel",
    "primaryPhone": "tel",
    "streetAddress": "street-address",
    "city": "address-level2",
    "state": "address-level1",
    "zipCode": "postal-code",
    "countryCode": "country",
    "preferredLanguage": "language",
    "organization": "organization",
    "title": "organization-title",
    "profileUrl": "url",
}
_LONGEST: Final = 10_000
_TRUTHS: Final = {"true": True, "false": False}


class NoValue(Exception):
    """What was typed is no value of the attribute's type."""


@dataclass(frozen=True)
class ProfilePage:
    """Shows attributes, and takes those that are their owner's to change."""

    frame: Frame
    services: Callable[[], SelfService]

    def get(self, visit: Visit) -> Response:
        """The page; or first what has to be proved for it."""
        return self.frame.behind_proof(visit, _SECTION, self._shown)

    def post(self, visit: Visit) -> Response:
        """Stored, and the page again."""
        return self.frame.checked(visit, _SECTION, self._changed)

    def _changed(self, visit: Visit, own: Own) -> Response:
        profiles, user = self.services().profiles, own.person.user
        values, wrong = typed_values(profiles.attributes(user), visit.form)
        try:
            if wrong:
                raise BadProfile([(name, "") for name in wrong])
            profiles.change(user.id, values, visit.request, now=visit.now)
        except BadProfile as bad:
            wrong = [name for name, _ in bad.problems]
            return self._page(visit, own, wrong=wrong, problem="account.profile_wrong", status=422)
        except (NotWritable, NotDone, NotFound):  # the schema or the account changed since the form was shown
            return self._page(visit, own, problem="account.changed_meanwhile", status=409)
        return self.frame.back(_SECTION)

    def _shown(self, visit: Visit, own: Own) -> Response:
        return self._page(visit, own)

    def _page(
        self, visit: Visit, own: Own, *, wrong: "list[str] | None" = None, problem: str = "", status: int = 200
    ) -> Response:
        attributes = self.services().profiles.attributes(own.person.user)
        typed = visit.form if problem else None
        values = {
            "writable": [field_of(one, typed, wrong or ()) for one in attributes if one.writable],
            "fixed": [
                {"label": _title(one), "value": text_of(one.value)}
                for one in attributes
                if not one.writable and one.value not in (None, "", [])
            ],
        }
        return self.frame.show(visit, own, _SECTION, values, problem=problem, status=status)


def typed_values(attributes: "list[OwnAttribute] | Any", form: Form) -> tuple[Mapping[str, Any], list[str]]:
    """Values of the writable attributes that a form has fields for, and names of those that are no values."""
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for one in attributes:
        sent = form.texts(f"profile.{one.name}")
        if not one.writable or not sent:
            continue
        try:
            values[one.name] = _value(sent[0][:_LONGEST], one.definition)
        except NoValue:
            wrong.append(one.name)
    return values, wrong


def field_of(one: OwnAttribute, typed: Form | None, wrong: "Any") -> dict[str, Any]:
    """An attribute as a field of a form. ``typed``: what was in it, where it comes back."""
    kind = one.definition.get("type", "string")
    name = f"profile.{one.name}"
    value = text_of(one.value) if typed is None or not typed.texts(name) else typed.text(name)
    choices = [text_of(each) for each in one.definition.get("enum") or ()] if kind != "array" else []
    if kind == "boolean":
        choices = list(_TRUTHS)
    return {
        "name": name,
        "label": _title(one),
        "hint": one.definition.get("description") or "",
        "required": one.required,
        "kind": "lines" if kind == "array" else "choice" if choices else "text",
        "choices": choices,
        "numeric": kind in {"number", "integer"},
        "longest": min(int(one.definition.get("maxLength") or 1_000), _LONGEST),
        "value": value,
        "autofill": _AUTOFILL.get(one.name, "off"),
        "wrong": one.name in wrong,
    }


def text_of(value: Any) -> str:
    """A value as a form shows it; of a list, each on a line of its own."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(map(text_of, value)) if isinstance(value, list | tuple) else str(value)


def _title(one: OwnAttribute) -> str:
    return str(one.definition.get("title") or one.name)


def _value(text: str, definition: Mapping[str, Any]) -> Any:
    """The value that a text means; ``None``: none. Raises NoValue."""
    kind, text = definition.get("type", "string"), text.strip()
    if not text:
        return None
    if kind == "boolean":
        if text not in _TRUTHS:
            raise NoValue(text)
        return _TRUTHS[text]
    if kind == "array":
        item = {"type": (definition.get("items") or {}).get("type", "string")}
        return [_value(line, item) for line in text.splitlines() if line.strip()]
    if kind in {"number", "integer"}:
        return _number(text, whole=kind == "integer")
    return text


def _number(text: str, *, whole: bool) -> int | float:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        raise NoValue(text) from None
