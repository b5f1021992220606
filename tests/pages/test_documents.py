"""What pages are made of: headers, escaping, texts, themes."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from authmint.http import Request, Response
from authmint.oauth.authorization.interaction import Browsers, Pages
from authmint.oauth.errors import OAuthError
from authmint.pages.documents import TEMPLATES
from authmint.storage.servers import Scope
from authmint.web.security_headers import source_of
from authmint.web.texts import TEXTS, Catalogue, places
from authmint.web.theme import BadTheme, Theme, contrast
from hypothesis import given
from hypothesis import strategies as st

from .hosted import HANDLE, Browser, Hosted, header, shown

PACKAGE = TEMPLATES.parent
EVIL = "\"'><script>alert(1)</script>{{7*7}}</style><!--\r\nset-cookie: x=y"
#: Pages that are better with a script, which is in them, and may ask this deployment.
SCRIPTED = {"sign-in", "sign-in failed"}
#: Theirs says what a new password meets, and asks nobody.
TELLING = {"password", "recovery"}
ANY = Request("GET", "/x", "https://acme.example.com", request_id="req-1")


def every_page(hosted: Hosted) -> dict[str, Response]:
    """One of each, as somebody comes across them."""
    browser = Browser(hosted)
    pages = {"sign-in": browser.get(f"/signin?request={HANDLE}")}
    pages["sign-in failed"] = browser.post("/signin", username=EVIL, password="x")
    browser.sign_in()
    pages["signed in"] = browser.get("/signin")
    pages["consent"] = browser.get(f"/consent?request={HANDLE}")
    hosted.a_device()
    pages["device"] = browser.get("/activate")
    pages["device wrong"] = browser.post("/activate", user_code=EVIL)
    pages["device confirm"] = browser.post("/activate", user_code="WDJBMJHT")
    pages["device done"] = browser.post("/activate", decision="allow")
    pages["sign-out"] = browser.get("/signout")
    pages["signed out"] = browser.post("/signout")
    pages["bad form"] = browser.post("/signin", csrf=EVIL)
    pages["error"] = hosted.pages.error(OAuthError("illegal_scope", EVIL), ANY)
    return pages


def expired_page() -> Response:
    browser = Browser(Hosted(user={"status": "PASSWORD_EXPIRED"}))
    return browser.get(header(browser.sign_in(), "location"))


def recovery_page() -> Response:
    hosted = Hosted()
    browser = Browser(hosted)
    browser.get("/forgot")
    browser.post("/forgot", username="ann@example.com")
    browser.get(hosted.storage.outbox.mails[-1].values["resetPasswordLink"].removeprefix(browser.base_url))
    return browser.get("/recovery")


def policy(answer: Response) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in header(answer, "content-security-policy").split(";"))
    return {name: value for name, _, value in parts}


def test_every_page_has_the_headers_that_keep_it_safe() -> None:
    for name, answer in (every_page(Hosted()) | {"password": expired_page(), "recovery": recovery_page()}).items():
        csp, body = policy(answer), answer.body.decode()
        nonce = csp["style-src"].removeprefix("'nonce-").removesuffix("'")

        assert csp["default-src"] == "'none'", name
        assert csp["frame-ancestors"] == "'none'", name
        assert csp["base-uri"] == "'none'", name
        scripts = re.findall(r"<script[^>]*>", body)
        assert scripts == ([f'<script nonce="{nonce}">'] if name in {*SCRIPTED, *TELLING} else []), name
        assert csp.get("script-src") == (f"'nonce-{nonce}'" if scripts else None), name
        assert csp.get("connect-src") == ("'self'" if name in SCRIPTED else None), name
        assert " style=" not in body, name
        assert re.findall(r"<style[^>]*>", body) == [f'<style nonce="{nonce}">'], name
        assert header(answer, "cache-control") == "no-store", name
        assert header(answer, "referrer-policy") == "no-referrer", name
        assert header(answer, "x-content-type-options") == "nosniff", name
        assert header(answer, "x-frame-options") == "DENY", name
        assert header(answer, "content-type") == "text/html; charset=utf-8", name
        assert header(answer, "content-language") == "en", name
        assert "permissions-policy" in dict(answer.headers), name


def test_no_two_answers_have_the_same_nonce() -> None:
    browser = Browser(Hosted())

    assert policy(browser.get("/signin"))["style-src"] != policy(browser.get("/signin"))["style-src"]


def test_what_others_wrote_is_text_and_nothing_else() -> None:
    scopes = tuple(
        Scope(f"scp{i}", f"s{i}", EVIL, EVIL, consent="REQUIRED", optional=optional)
        for i, optional in enumerate((False, True))
    )
    hosted = Hosted(client={"label": EVIL, "settings": {"logo_uri": f"https://{EVIL}"}}, scopes=scopes)
    hosted.waiting.login_hint = EVIL
    hosted.waiting.ui_locales = EVIL

    pages = every_page(hosted)

    for name, answer in pages.items():
        assert "<script>" not in answer.body.decode(), name
        assert "{{7*7}}" in answer.body.decode() or name not in {"sign-in", "consent", "device confirm"}, name
        assert not any("\r" in value or "\n" in value for _, value in answer.headers), name
    assert "alert(1)" in shown(pages["consent"])


@pytest.mark.parametrize("logo", ["javascript:alert(1)", "data:text/html,x", "http://plain.example/x.png", 7, None])
def test_a_logo_that_is_no_picture_on_the_web_is_left_out(logo: object) -> None:
    hosted = Hosted(client={"settings": {"logo_uri": logo}})
    browser = Browser(hosted)
    browser.sign_in()

    assert "<img" not in browser.get(f"/consent?request={HANDLE}").body.decode()


def test_where_a_client_sends_the_browser_next_is_not_for_the_page_to_say() -> None:
    """Browsers hold every redirect after a POST to ``form-action``, those of the client's own servers too."""
    hosted = Hosted()

    assert "form-action" not in policy(Browser(hosted).get(f"/signin?request={HANDLE}"))
    assert policy(Browser(hosted).get("/signin"))["form-action"] == "'self'"


def test_pages_show_what_the_client_says_of_itself() -> None:
    uris = {
        "logo_uri": "https://cdn.example/logo.png",
        "client_uri": "https://orders.example",
        "policy_uri": "https://orders.example/privacy",
        "tos_uri": "javascript:alert(1)",
    }
    hosted = Hosted(client={"settings": uris})
    browser = Browser(hosted)
    pages = [browser.get(f"/signin?request={HANDLE}")]
    browser.sign_in()
    pages.append(browser.get(f"/consent?request={HANDLE}"))

    for page in pages:
        body = page.body.decode()
        assert 'src="https://cdn.example/logo.png"' in body
        assert 'href="https://orders.example/privacy"' in body
        assert "Privacy policy" in body
        assert "Terms of use" not in body
        assert policy(page)["img-src"] == "data: https://cdn.example"


def test_pictures_come_from_nowhere_but_where_the_page_says() -> None:
    assert policy(Browser(Hosted()).get("/signin"))["img-src"] == "data:"


SOURCES: Mapping[str, str | None] = {
    "https://app.example.org/cb?x=1": "https://app.example.org",
    "http://127.0.0.1:5173/cb": "http://127.0.0.1:5173",
    "http://[::1]:80/cb": "http:",
    "https://my_app.example.org/cb": "https:",
    "https://b\u00fccher.example:8443/cb": "https://xn--bcher-kva.example:8443",
    "com.example.app:/cb": None,
    "https://app.example.org; script-src *": "https:",
    "https://user@app.example.org/": "https://app.example.org",
    "https://*/": "https:",
    "javascript:alert(1)": None,
    "data:text/html,x": None,
    "": None,
    "https://[": None,
    "https://a'b/": "https:",
    "https://app.example.org:99999/": None,
}


@pytest.mark.parametrize(("uri", "source"), SOURCES.items())
def test_sources_are_origins_and_nothing_else(uri: str, source: str | None) -> None:
    assert source_of(uri) == source


@given(st.text())
def test_nothing_gets_into_a_policy(text: str) -> None:
    for uri in (text, f"https://{text}", f"{text}:/"):
        assert re.fullmatch(r"[a-z0-9.:/-]+", source_of(uri) or "x")


def test_form_post_posts_to_the_client_and_nowhere_else() -> None:
    answer = Hosted().pages.form_post("https://app.example.org/cb", {"code": "c", "state": EVIL})

    csp, body = policy(answer), answer.body.decode()
    assert "form-action" not in csp
    assert csp["script-src"].startswith("'nonce-")
    assert body.count("<script") == 1
    assert 'name="code" value="c"' in body
    assert 'action="https://app.example.org/cb"' in body


def test_post_message_may_be_framed_by_its_client_and_nobody_else() -> None:
    answer = Hosted().pages.post_message("https://app.example.org", {"state": EVIL, "code": "c"})

    body = answer.body.decode()
    assert policy(answer)["frame-ancestors"] == "https://app.example.org"
    assert policy(answer)["form-action"] == "'none'"
    assert "x-frame-options" not in dict(answer.headers)
    assert body.count("<script") == 1
    assert "alert(1)</script>" not in body


ERRORS: Mapping[str, str] = {
    "server_error": "This is our fault",
    "temporarily_unavailable": "cannot answer at the moment",
    "user_not_assigned": "may not use this application",
    "invalid_request": "cannot be answered",
}


@pytest.mark.parametrize(("error_id", "text"), ERRORS.items())
def test_an_error_says_what_to_do_and_what_to_tell_others(error_id: str, text: str) -> None:
    error = OAuthError(error_id)

    answer = Hosted().pages.error(error, ANY)

    assert answer.status == error.status
    assert text in shown(answer)
    assert error.code in shown(answer)
    assert "req-1" in shown(answer)


def test_the_protocols_of_the_endpoint_are_met() -> None:
    hosted = Hosted()
    browsers: Browsers = hosted.browsers
    pages: Pages = hosted.pages

    assert (browsers, pages) == (hosted.browsers, hosted.pages)


# Texts.


def texts(tag: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((TEXTS / f"{tag}.json").read_text())
    return found


def test_languages_have_the_same_texts_with_the_same_places() -> None:
    assert list(texts("en")) == sorted(texts("en"))
    assert list(texts("de")) == list(texts("en"))
    assert {key: places(text) for key, text in texts("de").items()} == {k: places(t) for k, t in texts("en").items()}


def test_every_text_is_used_and_every_text_used_is_there() -> None:
    sources = [*PACKAGE.glob("templates/*.html"), *PACKAGE.rglob("*.py"), *TEXTS.parent.glob("templates/*.html")]
    source = "\n".join(Path(path).read_text() for path in sources)
    asked = set(re.findall(r"""\bt\("([^"]+)""", source)) | set(
        re.findall(r"""pages\.text\(\s*"([a-z_.]+)\"""", source)
    )
    known = set(texts("en"))

    assert {key for key in asked if not key.endswith((".", "_"))} <= known
    made = {
        key
        for key in known
        if re.match(
            r"problem\.|account\.(nav\.|password_done_|deleted_)|forgot\.|signup\.sent_|recovery\.|client\.(about|privacy|terms)|password\.lack\.|device\.(allowed|denied|invalid|too)|approve\.(allowed|denied)_|signed_out_",
            key,
        )
    }
    named = {key for key in known if f'"{key}"' in source}
    assert known - asked - made - named == set()


LANGUAGES: Mapping[str, str] = {
    "": "en",
    "de": "de",
    "de-CH,en;q=0.5": "de",
    "fr, en;q=0.3, de;q=0.8": "de",
    "de;q=0, en": "en",
    "de;q=x": "en",
    "zz": "en",
    "," * 10_000: "en",
}


@pytest.mark.parametrize(("accepted", "tag"), LANGUAGES.items(), ids=[text[:20] for text in LANGUAGES])
def test_a_browser_gets_the_language_that_it_likes_best(accepted: str, tag: str) -> None:
    answer = Browser(Hosted(), accept_language=accepted).get("/signin")

    assert header(answer, "content-language") == tag
    assert f'<html lang="{tag}">' in answer.body.decode()


def test_the_wish_of_the_client_comes_first() -> None:
    hosted = Hosted()
    hosted.waiting.ui_locales = "fr-CA de"

    answer = Browser(hosted, accept_language="en").get(f"/signin?request={HANDLE}")

    assert header(answer, "content-language") == "de"


# Themes.


def test_a_theme_changes_name_logo_colour_and_texts() -> None:
    theme = Theme.parse(
        json.dumps(
            {
                "name": "Ümläut & Sons",
                "logo": "https://cdn.example.com/logo.svg",
                "colour": "#ffcc00",
                "texts": {"en": {"signin.submit": "Come in"}},
            }
        )
    )

    answer = Browser(Hosted(theme=theme)).get("/signin")

    body = answer.body.decode()
    assert "Ümläut &amp; Sons" in body
    assert "https://cdn.example.com/logo.svg" in body
    assert "--brand:#ffcc00;--on-brand:#000000" in body
    assert "Come in" in body


THEMES: Mapping[str, Any] = {
    "no JSON": "{",
    "no object": "[]",
    "unknown member": '{"css": "x"}',
    "no colour": '{"colour": "red;}"}',
    "plain logo": '{"logo": "http://x.example/x.png"}',
    "script logo": '{"logo": "javascript:x"}',
    "long name": json.dumps({"name": "x" * 101}),
    "number": '{"name": 7}',
    "texts": '{"texts": {"en": 7}}',
}


@pytest.mark.parametrize("text", THEMES.values(), ids=THEMES.keys())
def test_a_theme_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(BadTheme):
        Theme.parse(text)


@pytest.mark.parametrize(
    "own",
    [{"xx": {}}, {"en": {"no.such": "x"}}, {"en": {"signin.to": "{client.__class__}"}}, {"en": {"signin.to": "{"}}],
)
def test_texts_that_do_not_fit_are_refused(own: dict[str, dict[str, str]]) -> None:
    with pytest.raises(BadTheme):
        Catalogue.load(Theme(texts=own))


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadTheme):
        Catalogue.load(Theme(language="tlh"))


@given(st.integers(0, 0xFFFFFF))
def test_texts_on_every_colour_can_be_read(colour: int) -> None:
    theme = Theme(colour=f"#{colour:06x}")

    assert contrast(theme.on_colour, theme.colour) >= 4.5
