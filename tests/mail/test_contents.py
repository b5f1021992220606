"""What mail says: every template in every language, variables filled in, and nothing that somebody could smuggle in."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from authmint.mail.composing import Composer
from authmint.mail.contents import Brand, Content, default_content, languages
from authmint.mail.letters import NOTICE, Letters, Template
from authmint.mail.rendering import VARIABLE, plain, rendered
from authmint.storage.outbox import Mail
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_user
from tests.support.fakes import NOW, CountingIds

TEMPLATES = get_args(Template)
LINK = "https://acme.example.com/signin/reset-password/secret"


def variables(content: Content) -> set[str]:
    return {name for name, _ in VARIABLE.findall(content.subject + content.body) if name}


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_says_the_same_in_every_language(template: str) -> None:
    contents = [default_content(template, language, Brand("Acme")) for language in languages()]

    assert {content.language for content in contents} == {"de", "en"}
    assert len({frozenset(variables(content)) for content in contents}) == 1
    assert len({content.subject for content in contents}) == 2
    for content in contents:
        assert len(content.subject) <= 100
        assert content.body.startswith("<!DOCTYPE html>")
        assert f'<html lang="{content.language}">' in content.body


def test_texts_hold_nothing_beside_the_templates() -> None:
    import authmint.mail

    for path in (Path(authmint.mail.__file__).parent / "texts").glob("*.json"):
        assert set(json.loads(path.read_text())) == {"common", *TEMPLATES}


def test_a_mail_is_in_the_language_of_who_gets_it() -> None:
    mail = Mail("m1", "ForgotPassword", "ann@b.example", NOW, NOW + 60)
    templates = MemoryStorage().mail_templates
    english, german = Composer(Brand("Acme"), templates), Composer(Brand("Acme", language="de"), templates)

    def subject(compose: Composer, language: str | None) -> str:
        message = compose(replace(mail, language=language))
        assert message is not None
        return message.subject

    for wish in ("de", "de-AT", "de_CH", "DE"):
        assert subject(english, wish) == "Neues Passwort bei Acme"
    for other in ("fr", "x", "", None):
        assert subject(english, other) == "Reset your password at Acme"
        assert subject(german, other) == "Neues Passwort bei Acme"


def test_names_are_text_in_html_and_cannot_add_a_header() -> None:
    name = '<img src=x onerror="x">\r\nBcc: all@b.example'
    content = Content("en", "Hello ${user.profile.firstName}", '<p title="${user.profile.firstName}">Hi</p>')

    message = rendered(content, {"user.profile.firstName": name})

    assert message.subject == 'Hello <img src=x onerror="x"> Bcc: all@b.example'
    assert "<img" not in message.html
    assert 'title="&lt;img src=x onerror=&quot;x&quot;&gt;' in message.html


@given(st.text(), st.text())
def test_a_subject_is_one_line_whatever_goes_in(subject: str, name: str) -> None:
    message = rendered(Content("en", subject + "${x}", ""), {"x": name})

    assert message.subject.isprintable()
    assert len(message.subject) <= 200


@given(st.text())
def test_a_value_never_makes_an_element(value: str) -> None:
    found: list[str] = []

    class Elements(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(tag)
            assert len(attrs) == (1 if tag == "a" else 0)

    reader = Elements()
    reader.feed(rendered(Content("en", "", '<p>${x}</p><a href="${x}">x</a>'), {"x": value}).html)
    reader.close()

    assert found == ["p", "a"]


def test_values_are_not_looked_into_for_variables_and_no_language_runs() -> None:
    content = Content(
        "en", "#set($x = 1) ${a}", "#if(true)${a}#end $a $unknown ${a.getClass()} $a.getClass() ${unknown}|"
    )

    message = rendered(content, {"a": "${b}", "b": "secret"})

    assert message.subject == "#set($x = 1) ${b}"
    assert message.html == "#if(true)${b}#end ${b} $unknown ${a.getClass()} $a.getClass() |"


def test_the_text_has_the_words_and_where_links_lead() -> None:
    html = (
        "<html><head><title>t</title><style>p{}</style></head><body><h1>Reset  it</h1>\n<p>Dear &amp; you</p>"
        f'<ul><li>one<li>two</ul><a href="{LINK}">Reset</a><br>{LINK}</body></html>'
    )

    assert plain(html) == f"Reset it\n\nDear & you\n\none\ntwo\n\nReset: {LINK}\n{LINK}\n"


def test_mail_about_a_link_has_it_once_as_a_button_and_once_to_copy() -> None:
    content = default_content("ForgotPassword", "en", Brand("Acme"))
    message = rendered(content, {"resetPasswordLink": LINK, "org.name": "Acme"})

    assert message.html.count(LINK) == 2
    assert message.text.count(LINK) == 2
    assert set(re.findall(r"https?://[^\s<\"]+", message.html)) == {LINK}


def test_letters_carry_what_is_known_of_a_user_shortened() -> None:
    user = a_user(id="00u1", login="ann@b.example", profile={"firstName": "A" * 300, "preferredLanguage": "de"})

    (mail,) = Letters(CountingIds(), on=True).to(user, "ForgotPassword", {"resetPasswordLink": LINK}, now=NOW)

    assert (mail.to, mail.user_id, mail.language) == ("ann@b.example", "00u1", "de")
    assert (mail.created_at, mail.expires_at) == (NOW, NOW + NOTICE)
    assert mail.values["user.profile.firstName"] == "A" * 50
    assert mail.values["resetPasswordLink"] == LINK


def test_letters_may_go_to_another_address_than_the_users() -> None:
    letters = Letters(CountingIds(), on=True)

    (mail,) = letters.to(a_user(), "ChangeEmailConfirmation", now=NOW, lifetime=300, address="new@b.example")

    assert (mail.to, mail.values["email"], mail.expires_at) == ("new@b.example", "new@b.example", NOW + 300)


def test_a_deployment_without_mail_writes_none() -> None:
    assert Letters(CountingIds(), on=False).to(a_user(), "PasswordChanged", now=NOW) == ()
