"""Brands, templates and their words over the management API; and that mail says them."""

from typing import Any

import pytest
from authmint.mail.composing import Composer
from authmint.mail.contents import Brand
from authmint.mail.letters import NOTICE
from authmint.storage.outbox import Mail

from tests.management.admin import BASE_URL, Admin
from tests.support.fakes import NOW

BRANDS = "/api/v1/brands"
BODY = (
    "<!DOCTYPE html><html><body>"
    '<p>Bonjour ${user.profile.firstName}. <a href="${activationLink}">Activer</a></p></body></html>'
)
FRENCH = {"language": "fr", "isDefault": False, "subject": "Bienvenue dans ${org.name}!", "body": BODY}


@pytest.fixture
def templates(admin: Admin) -> str:
    (brand,) = admin.get(BRANDS).json
    return f"{BRANDS}/{brand['id']}/templates/email"


def link(href: str, *allow: str) -> dict[str, Any]:
    return {"href": href, "hints": {"allow": list(allow)}}


def made(admin: Admin, templates: str, name: str = "UserActivation", **changes: Any) -> Any:
    answer = admin.post(f"{templates}/{name}/customizations", FRENCH | changes)
    assert answer.status == 201, answer.json
    return answer.json


def mailed(admin: Admin, template: str, language: str | None) -> Any:
    values = {"activationLink": "https://acme.example.com/welcome/x", "user.profile.firstName": "Ann"}
    mail = Mail("m", template, "ann@b.example", NOW, NOW + NOTICE, "00u1", values, language)
    return Composer(Brand("Acme"), admin.storage.mail_templates)(mail)


def test_there_is_one_brand_of_the_recorded_shape(admin: Admin) -> None:
    answer = admin.get(BRANDS)
    (brand,) = answer.json

    assert list(brand) == [
        "id", "name", "removePoweredByOkta", "customPrivacyPolicyUrl", "agreeToCustomPrivacyPolicy", "isDefault",
        "defaultApp", "_links",
    ]  # fmt: skip
    assert (brand["name"], brand["isDefault"]) == ("authmint", True)
    assert set(brand["defaultApp"].values()) == {None}
    href = f"{BASE_URL}{BRANDS}/{brand['id']}"
    assert brand["_links"] == {"themes": link(f"{href}/themes", "GET"), "self": link(href, "GET", "PUT", "DELETE")}
    assert admin.get(f"{BRANDS}/{brand['id']}").json == brand
    missing = admin.get(f"{BRANDS}/bndOther")
    assert (missing.status, missing.code) == (404, "E0000007")
    assert admin.get(f"{BRANDS}/bndOther/templates/email").status == 404


def test_templates_are_listed_with_their_links(admin: Admin, templates: str) -> None:
    listed = admin.get(f"{templates}?limit=200").json
    by_name = {one["name"]: one for one in listed}

    assert {"UserActivation", "ForgotPassword", "PasswordChanged", "EmailChallenge"} <= by_name.keys()
    href = f"{BASE_URL}{templates}/ForgotPassword"
    assert by_name["ForgotPassword"]["_links"] == {
        "settings": link(f"{href}/settings", "GET", "PUT"),
        "self": link(href, "GET"),
        "defaultContent": link(f"{href}/default-content", "GET"),
        "test": link(f"{href}/test", "POST"),
        "customizations": link(f"{href}/customizations", "GET", "POST", "DELETE"),
    }
    assert admin.get(f"{templates}/ForgotPassword").json == by_name["ForgotPassword"]
    unknown = admin.get(f"{templates}/Nonsense")
    assert (unknown.status, unknown.code) == (404, "E0000007")
    assert unknown.json["errorSummary"] == "Not found: Resource not found: Nonsense (EmailTemplate)"


def test_lists_say_more_where_they_are_asked(admin: Admin, templates: str) -> None:
    made(admin, templates)

    listed = admin.get(f"{templates}?expand=settings,customizationCount").json

    embedded = {one["name"]: one["_embedded"] for one in listed}
    assert embedded["UserActivation"]["customizationCount"] == 1
    assert embedded["ForgotPassword"]["customizationCount"] == 0
    assert embedded["UserActivation"]["settings"]["recipients"] == "ALL_USERS"


def test_words_are_made_read_changed_and_taken_away(admin: Admin, templates: str) -> None:
    one = made(admin, templates)

    href = f"{BASE_URL}{templates}/UserActivation"
    own = f"{href}/customizations/{one['id']}"
    assert {name: one[name] for name in ("subject", "body", "language")} == {
        name: FRENCH[name] for name in ("subject", "body", "language")
    }
    assert (one["id"][:3], one["isDefault"], one["created"]) == ("oel", True, one["lastUpdated"])
    assert one["_links"] == {
        "preview": link(f"{own}/preview", "GET"),
        "template": link(href, "GET"),
        "settings": link(f"{href}/settings", "GET", "PUT"),
        "self": link(own, "GET", "PUT", "DELETE"),
        "test": link(f"{href}/test", "POST"),
    }
    path = f"{templates}/UserActivation/customizations"
    assert admin.get(path).json == [one]
    assert admin.get(f"{path}/{one['id']}").json == one
    admin.clock.advance(seconds=60)
    changed = admin.put(f"{path}/{one['id']}", FRENCH | {"subject": "Salut", "isDefault": True})
    assert (changed.status, changed.json["subject"], changed.json["created"]) == (200, "Salut", one["created"])
    assert changed.json["lastUpdated"] > one["lastUpdated"]
    assert admin.delete(f"{path}/{one['id']}").status == 204
    assert admin.get(path).json == []
    assert admin.get(f"{path}/{one['id']}").status == 404


def test_one_of_them_is_the_default(admin: Admin, templates: str) -> None:
    path = f"{templates}/UserActivation/customizations"
    french = made(admin, templates)
    english = made(admin, templates, language="en")

    assert (french["isDefault"], english["isDefault"]) == (True, False)
    assert admin.post(path, FRENCH | {"language": "de", "isDefault": True}).code == "E0000182"
    assert admin.put(f"{path}/{french['id']}", FRENCH | {"isDefault": False}).code == "E0000185"
    refused = admin.delete(f"{path}/{french['id']}")
    assert (refused.status, refused.code) == (409, "E0000184")
    assert admin.put(f"{path}/{english['id']}", FRENCH | {"language": "en", "isDefault": True}).json["isDefault"]
    assert not admin.get(f"{path}/{french['id']}").json["isDefault"]
    assert admin.delete(f"{path}/{french['id']}").status == 204


def test_a_language_is_there_once(admin: Admin, templates: str) -> None:
    path = f"{templates}/UserActivation/customizations"
    made(admin, templates)
    english = made(admin, templates, language="en")

    again = admin.post(path, FRENCH | {"language": "FR"})
    moved = admin.put(f"{path}/{english['id']}", FRENCH | {"language": "fr"})

    assert (again.status, again.code) == (409, "E0000183")
    assert moved.code == "E0000183"
    assert admin.post(path, FRENCH | {"language": "x y"}).code == "E0000236"


def test_all_of_a_template_go_at_once(admin: Admin, templates: str) -> None:
    made(admin, templates)
    made(admin, templates, language="en")

    assert admin.delete(f"{templates}/UserActivation/customizations").status == 204

    assert admin.get(f"{templates}/UserActivation/customizations").json == []
    assert made(admin, templates, language="de")["isDefault"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject": "Hi\r\nBcc: x@b.example"}, "one line"),
        ({"subject": "x" * 201}, "one line"),
        ({"body": "<p>no link</p>"}, "must hold one of the variables ${activationLink}, ${activationToken}"),
        ({"body": BODY + "#if($x)a#end"}, "'#if' cannot be used"),
        ({"body": BODY + "${user.getClass().forName('x')}"}, "cannot be used"),
        ({"body": BODY + "<script>x</script>"}, "The element 'script'"),
        ({"body": BODY + '<p onclick="x">'}, "The attribute 'onclick'"),
        ({"body": BODY + '<a href="javascript:x">'}, "'href' must be"),
        ({"body": BODY + '<a href="${user.profile.firstName}">'}, "'href' must be"),
        ({"body": BODY + '<meta http-equiv="refresh" content="0;url=x">'}, "cannot lead elsewhere"),
        ({"body": BODY + "x" * 65_536}, "at most 65536 bytes"),
        ({"body": ""}, "cannot be left blank"),
    ],
)
def test_words_that_will_not_do_are_refused(admin: Admin, templates: str, changes: Any, said: str) -> None:
    refused = admin.post(f"{templates}/UserActivation/customizations", FRENCH | changes)

    assert (refused.status, refused.code) == (400, "E0000001")
    assert any(said in cause for cause in refused.causes), refused.causes


def test_what_terraform_users_write_is_taken_and_filled_in(admin: Admin, templates: str) -> None:
    body = "Hi $user.firstName,<br/>Click: $resetPasswordLink or $$resetPasswordLink"
    made(admin, templates, "ForgotPassword", language="en", subject="Forgot Password", body=body)
    mail = Mail("m", "ForgotPassword", "a@b.example", NOW, NOW, None, {
        "resetPasswordLink": "https://acme.example.com/x", "user.profile.firstName": "Ann"})  # fmt: skip

    message = Composer(Brand("Acme"), admin.storage.mail_templates)(mail)

    assert message is not None
    assert message.html.startswith("Hi Ann,<br/>Click: https://acme.example.com/x or")


def test_mail_says_an_administrators_words_in_the_readers_language(admin: Admin, templates: str) -> None:
    made(admin, templates)
    made(admin, templates, language="de", subject="Hallo", body=BODY.replace("Bonjour", "Hallo"))

    subjects = {wish: mailed(admin, "UserActivation", wish).subject for wish in ("fr-CA", "de", "it", None)}

    assert subjects == {
        "fr-CA": "Bienvenue dans Acme!",
        "de": "Hallo",
        "it": subjects["fr-CA"],
        None: subjects["fr-CA"],
    }
    assert "Bonjour Ann." in mailed(admin, "UserActivation", "fr").text
    assert mailed(admin, "PasswordChanged", "fr").subject == "Your password at Acme was changed"


def test_previews_show_what_somebody_would_get(admin: Admin, templates: str) -> None:
    one = made(admin, templates)

    path = f"{templates}/UserActivation/customizations/{one['id']}/preview"
    preview = admin.get(path).json

    assert preview["subject"] == "Bienvenue dans authmint!"
    assert "Bonjour John." in preview["body"]
    assert set(preview["_links"]) == {"template", "self", "test"}
    assert preview["_links"]["self"] == link(BASE_URL + path, "GET")
    default = admin.get(f"{templates}/UserActivation/default-content?language=de").json
    assert default["subject"] == "Willkommen bei ${org.name}"
    assert "${activationLink}" in default["body"]
    assert set(default["_links"]) == {"preview", "template", "self", "test"}
    shown = admin.get(f"{templates}/UserActivation/default-content/preview?language=xx").json
    assert shown["subject"] == "Welcome to authmint"
    assert "${" not in shown["body"]


def test_nobody_gets_mail_that_administrators_switched_off(admin: Admin, templates: str) -> None:
    path = f"{templates}/PasswordChanged/settings"
    before = admin.get(path).json

    after = admin.put(path, {"recipients": "NO_USERS"})

    assert (before["recipients"], after.status, after.json["recipients"]) == ("ALL_USERS", 200, "NO_USERS")
    assert set(after.json["_links"]) == {"template", "self"}
    assert admin.get(path).json == after.json
    assert mailed(admin, "PasswordChanged", None) is None
    assert mailed(admin, "UserActivation", None) is not None


def test_new_sign_ins_are_told_from_when_an_administrator_says_so(admin: Admin, templates: str) -> None:
    path = f"{templates}/NewSignOnNotification/settings"
    before = admin.get(path).json["recipients"]
    admin.post(f"{templates}/NewSignOnNotification/customizations", {"language": "en", "subject": "s", "body": "b"})
    policies = admin.storage.sign_on_policies

    assert (before, admin.get(path).json["recipients"]) == ("NO_USERS", "NO_USERS")
    assert not policies.of_type("OKTA_SIGN_ON").order.watched
    assert admin.put(path, {"recipients": "ALL_USERS"}).json["recipients"] == "ALL_USERS"
    assert policies.of_type("OKTA_SIGN_ON").order.watched  # what is new is told by what is remembered


@pytest.mark.parametrize("name", ["ForgotPassword", "EmailChallenge", "SelfServiceUnlock"])
def test_what_is_good_for_nothing_unless_it_arrives_goes_to_everybody(admin: Admin, templates: str, name: str) -> None:
    refused = admin.put(f"{templates}/{name}/settings", {"recipients": "NO_USERS"})

    assert (refused.status, refused.code) == (422, "E0000189")
    assert admin.put(f"{templates}/{name}/settings", {"recipients": "ALL_USERS"}).status == 200
    assert admin.put(f"{templates}/{name}/settings", {"recipients": "SOME"}).code == "E0000001"


def test_a_test_goes_to_who_calls_if_that_is_a_person(admin: Admin, templates: str) -> None:
    assert admin.post(f"{templates}/UserActivation/test", {"language": "en"}).status == 204
    assert admin.storage.outbox.mails == []


def test_changes_of_words_are_in_the_log(admin: Admin, templates: str) -> None:
    made(admin, templates)
    admin.put(f"{templates}/PasswordChanged/settings", {"recipients": "NO_USERS"})
    admin.delete(f"{templates}/UserActivation/customizations")
    admin.delete(f"{templates}/UserActivation/customizations")

    events = [event for event in admin.storage.events if event.type.startswith("system.email.template")]
    assert [(event.type.rpartition(".")[2], event.targets[0].display_name) for event in events] == [
        ("create", "UserActivation"),
        ("update", "PasswordChanged"),
        ("delete", "UserActivation"),
    ]
