"""``/api/v1/brands/{brandId}/templates/email``: the words of mail, and who gets it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from ...http import Response
from ...ids import Ids
from ...mail.checking import REQUIRED, problems
from ...mail.composing import values_of
from ...mail.contents import Brand, Content, default_content, languages
from ...mail.letters import Letters, Template
from ...mail.rendering import rendered
from ...storage.errors import NotFound
from ...storage.events import Event, Party
from ...storage.mail_templates import OFF_AT_FIRST, Customization, MailTemplate, MailTemplates, Recipients
from ...storage.outbox import Outbox
from ...storage.undeliverable import UndeliverableAddresses
from ...storage.users import Users
from ..http.call import NO_CONTENT, Call, Operation
from ..http.errors import ApiError, not_found
from ..http.fields import Fields
from ..http.paging import whole
from ..http.routes import Routes
from .bounces import PATH as BOUNCES
from .bounces import BouncedAddresses
from .brands import BRAND, PATH, Brands, check_brand
from .template_view import (
    content_json,
    customization_json,
    preview_json,
    sample,
    settings_json,
    template_href,
    template_json,
)

NAMES: Final = get_args(Template)
_RECIPIENTS: Final[tuple[Recipients, ...]] = get_args(Recipients)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
#: Of who administers by an API token and is no person.
NO_ADDRESS: Final = "@authmint.invalid"
#: Of one template.
MOST: Final = 30


@dataclass(frozen=True)
class EmailTemplates:
    """What administrators make of mail. ``watch``: has sign-ins remembered from now on.

    ``undeliverable``: where nothing is sent.
    """

    records: MailTemplates
    users: Users
    outbox: Outbox
    letters: Letters
    brand: Brand
    ids: Ids
    watch: Callable[[], None]
    undeliverable: UndeliverableAddresses

    def list(self, call: Call) -> Response:
        check_brand(call)
        expanded = _expanded(call)
        return whole(call.request, [template_json(self.records.get(name), call, expanded) for name in NAMES])

    def get(self, call: Call) -> Response:
        return Response.json(200, template_json(self._template(call), call, _expanded(call)))

    def default_content(self, call: Call) -> Response:
        """What it says where nobody wrote anything else."""
        template, content = self._delivered(call)
        own = f"{template_href(template.name, call)}/default-content"
        preview = f"{own}/preview"
        return Response.json(
            200, content_json(content.subject, content.body, own, template.name, call, preview=preview)
        )

    def default_preview(self, call: Call) -> Response:
        template, content = self._delivered(call)
        own = f"{template_href(template.name, call)}/default-content/preview"
        return self._preview(template, content, own, call)

    def settings(self, call: Call) -> Response:
        return Response.json(200, settings_json(self._template(call), call))

    def replace_settings(self, call: Call) -> Response:
        """200. What is good for nothing unless it arrives goes to everybody (E0000189)."""
        self._template(call)
        body = call.body()
        recipients: Recipients = body.choice("recipients", _RECIPIENTS, "ALL_USERS", required=True)
        body.check()

        def change(before: MailTemplate) -> MailTemplate:
            if recipients != "ALL_USERS" and before.name in REQUIRED and before.name != "UserActivation":
                raise ApiError("E0000189")
            return replace(before, recipients=recipients)

        if recipients != "NO_USERS" and call.params["templateName"] in OFF_AT_FIRST:
            call.retrying(self.watch)  # what is new is told by what is remembered
        return Response.json(200, settings_json(self._change(call, change, "update"), call))

    def customizations(self, call: Call) -> Response:
        template = self._template(call)
        return whole(call.request, [customization_json(one, template, call) for one in template.customizations])

    def create(self, call: Call) -> Response:
        """201. The first one is the default, whatever it says."""
        self._template(call)
        language, subject, body, default = self._words(call)
        made = Customization(self.ids.object_id("oel"), language, subject, body, call.now, call.now)

        def change(before: MailTemplate) -> MailTemplate:
            if len(before.customizations) >= MOST:
                raise ApiError("E0000001", causes=[f"There can be at most {MOST} customizations of a template."])
            _check_language(made, before)
            if default and before.default is not None:
                raise ApiError("E0000182")
            return replace(before, customizations=(*before.customizations, made), default=before.default or made.id)

        return Response.json(201, customization_json(made, self._change(call, change, "create"), call))

    def delete_all(self, call: Call) -> Response:
        """204. Its words are ours again."""
        self._change(call, lambda before: replace(before, customizations=(), default=None), "delete")
        return NO_CONTENT

    def customization(self, call: Call) -> Response:
        template = self._template(call)
        return Response.json(200, customization_json(_found(template, call), template, call))

    def replace(self, call: Call) -> Response:
        """200. The default stays one until another becomes it."""
        _found(self._template(call), call)
        language, subject, body, default = self._words(call)

        def change(before: MailTemplate) -> MailTemplate:
            known = _found(before, call)
            if before.default == known.id and default is False:
                raise ApiError("E0000185")
            after = replace(known, language=language, subject=subject, body=body, updated_at=call.now)
            _check_language(after, before)
            words = tuple(after if one.id == known.id else one for one in before.customizations)
            return replace(before, customizations=words, default=known.id if default else before.default)

        changed = self._change(call, change, "update")
        return Response.json(200, customization_json(_found(changed, call), changed, call))

    def delete(self, call: Call) -> Response:
        """204. The default goes last."""

        def change(before: MailTemplate) -> MailTemplate:
            known = _found(before, call)
            left = tuple(one for one in before.customizations if one.id != known.id)
            if before.default == known.id and left:
                raise ApiError("E0000184")
            return replace(before, customizations=left, default=before.default if left else None)

        self._change(call, change, "delete")
        return NO_CONTENT

    def preview(self, call: Call) -> Response:
        template = self._template(call)
        one = _found(template, call)
        own = f"{template_href(template.name, call)}/customizations/{one.id}/preview"
        return self._preview(template, Content(one.language, one.subject, one.body), own, call)

    def test(self, call: Call) -> Response:
        """204. Whoever calls gets it with made-up values, as far as there is an address."""
        template = self._template(call)
        try:
            user = self.users.get(call.caller.user_id or "")
        except NotFound:
            return NO_CONTENT
        if not user.email.endswith(NO_ADDRESS):
            # As stored, the mail may say anything; what ``name`` is, the route has checked.
            mails = self.letters.to(user, cast("Template", template.name), sample(call), now=call.now)
            self.outbox.add(mails)
        return NO_CONTENT

    def _template(self, call: Call) -> MailTemplate:
        check_brand(call)
        name = call.params["templateName"]
        if name not in NAMES:
            raise not_found(name, "EmailTemplate")
        return self.records.get(name)

    def _delivered(self, call: Call) -> tuple[MailTemplate, Content]:
        template = self._template(call)
        wish = (call.request.query_value("language") or self.brand.language).lower().partition("-")[0]
        tag = wish if wish in languages() else self.brand.language
        return template, default_content(template.name, tag, self.brand)

    def _preview(self, template: MailTemplate, content: Content, own: str, call: Call) -> Response:
        message = rendered(content, values_of(sample(call), self.brand))
        return Response.json(200, preview_json(message, own, template.name, call))

    def _words(self, call: Call) -> tuple[str, str, str, bool | None]:
        """Language, subject, body, and what is said about the default. Raises ApiError."""
        body = call.body()
        language = body.text("language", required=True) or ""
        subject = body.text("subject", required=True, longest=1_000) or ""
        text = body.text("body", required=True, longest=1_000_000) or ""
        default = body.flag("isDefault", default=False) if body.has("isDefault") else None
        if language and not _LANGUAGE.fullmatch(language):
            raise ApiError("E0000236")
        _report(body, call.params["templateName"], subject, text)
        body.check()
        return language, subject, text, default

    def _change(self, call: Call, change: Callable[[MailTemplate], MailTemplate], verb: str) -> MailTemplate:
        def attempt() -> MailTemplate:
            before = self._template(call)
            after = change(before)
            if after != before:
                self.records.save(before, after, [_event(verb, before.name, call)])
            return after

        return call.retrying(attempt)


def _report(body: Fields, template: str, subject: str, text: str) -> None:
    for field, problem in problems(template, subject, text):
        body.problem(field, problem)


def _check_language(one: Customization, template: MailTemplate) -> None:
    others = (other for other in template.customizations if other.id != one.id)
    if any(other.language.lower() == one.language.lower() for other in others):
        raise ApiError("E0000183")


def _found(template: MailTemplate, call: Call) -> Customization:
    wanted = call.params["customizationId"]
    for one in template.customizations:
        if one.id == wanted:
            return one
    raise not_found(wanted, "EmailCustomization")


def _expanded(call: Call) -> frozenset[str]:
    return frozenset((call.request.query_value("expand") or "").split(","))


def _event(verb: str, name: str, call: Call) -> Event:
    party = Party(f"{BRAND}/{name}", "EmailTemplate", display_name=name)
    return call.recorder.event(f"system.email.template.{verb}", party)


def add_mail(routes: Routes[Operation], templates: EmailTemplates) -> None:
    """The brand, its templates, and what is below them."""
    brands = Brands(templates.brand.name)
    routes.add("GET", PATH, brands.list)
    routes.add("GET", f"{PATH}/{{brandId}}", brands.get)
    listed = f"{PATH}/{{brandId}}/templates/email"
    one = f"{listed}/{{templateName}}"
    words, word = f"{one}/customizations", f"{one}/customizations/{{customizationId}}"
    for method, path, operation in (
        ("GET", listed, templates.list),
        ("GET", one, templates.get),
        ("GET", f"{one}/default-content", templates.default_content),
        ("GET", f"{one}/default-content/preview", templates.default_preview),
        ("GET", f"{one}/settings", templates.settings),
        ("PUT", f"{one}/settings", templates.replace_settings),
        ("POST", f"{one}/test", templates.test),
        ("GET", words, templates.customizations),
        ("POST", words, templates.create),
        ("DELETE", words, templates.delete_all),
        ("GET", word, templates.customization),
        ("PUT", word, templates.replace),
        ("DELETE", word, templates.delete),
        ("GET", f"{word}/preview", templates.preview),
        ("POST", BOUNCES, BouncedAddresses(templates.undeliverable).clear),
    ):
        routes.add(method, path, operation)
