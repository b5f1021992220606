"""Redirect URIs with a wildcard (docs/protocol.md §4.10): what may be registered, and what matches."""

from urllib.parse import urlsplit

import pytest
from authmint.oauth.wildcards import is_pattern, matches
from hypothesis import given
from hypothesis import strategies as st

from tests.oauth.authorization.world import PKCE, World, an_app
from tests.support.builders import basic

PATTERN = "https://redirect-*-domain.example.com:8443/oidc/redirect?a=1"
WHOLE_LABEL = "https://*.example.com/cb"


@pytest.mark.parametrize(
    "uri", [PATTERN, WHOLE_LABEL, "https://*.example.com", "https://a*.b-1.co.uk?x", "https://*b.x.y"]
)
def test_a_pattern_that_may_be_registered(uri: str) -> None:
    assert is_pattern(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://*.example.com/",
        "com.example.app://*.example.com/",
        "HTTPS://*.example.com/",
        "https://*/",
        "https://*.com/",
        "https://*.com./",
        "https://*.example.com./",
        "https://*.example..com/",
        "https://*.-example.com/",
        "https://app.*.example.com/",
        "https://app*",
        "https://**.example.com/",
        "https://*.*.example.com/",
        "https://*.example.com/*",
        "https://*.example.com/?a=*",
        "https://*.example.com:*/",
        "https://app.example.com/*",
        "https://user@*.example.com/",
        "https://*@app.example.com/",
        "https://app.example.com@*.example.com/",
        "https://*.example.com@evil.example.org/",
        "https://*.example.com\\@evil.example.org/",
        "https://xn--*.example.com/",
        "https://*.exämple.com/",
        "https://*.example.com%2eevil.org/",
        "https://*.0.0.1/",
        "https://1*.2.3.4/",
        "https://*.example.0x7f/",
        "https://[*::1]/",
        "https://*.example.com/\n*",
        "https://*.Example.com/",
    ],
)
def test_a_pattern_that_may_not(uri: str) -> None:
    assert not is_pattern(uri)
    assert not matches(uri, uri.replace("*", "a"))


@pytest.mark.parametrize("wild", ["1", "sub", "A", "a-b", "xn--bcher-kva", "0" * 30])
def test_one_label_matches(wild: str) -> None:
    assert matches(PATTERN, PATTERN.replace("*", wild))
    assert matches(WHOLE_LABEL, WHOLE_LABEL.replace("*", wild))


@pytest.mark.parametrize(
    "wild",
    [
        *(
            "",
            "*",
            "1.sub",
            ".",
            "a.",
            "evil.org/",
            "evil.org?",
            "evil.org#",
            "evil.org\\",
            "evil.org:443",
            "evil.org/.",
        ),
        *(
            "user@",
            "user:secret@",
            "evil.org%2f",
            "a%2eb",
            "a%00",
            "%61",
            "a b",
            " a",
            "a\n",
            "a\t",
            "a_b",
            "b\u00fccher",
        ),
        *(
            "\u3002evil",
            "a\uff0eb",
            "a\uff0fb",
            "a\u200db",
            "\u0430",
            "a/..",
            "[::1]",
            "evil.org/\u2025",
            "\\\\evil.org\\",
        ),
        *("x" * 64, "-x" * 40),
    ],
)
def test_nothing_else_does(wild: str) -> None:
    assert not matches(PATTERN, PATTERN.replace("*", wild))
    assert not matches(WHOLE_LABEL, WHOLE_LABEL.replace("*", wild))


@pytest.mark.parametrize(
    "sent",
    [
        "http://a.example.com/cb",
        "https://a.example.com/CB",
        "https://a.example.com/cb/",
        "https://a.example.com/cb?x",
        "https://a.example.com/cb/../cb",
        "https://a.example.com:443/cb",
        "https://a.example.com./cb",
        "https://a.EXAMPLE.com/cb",
        "https://example.com/cb",
        "https://.example.com/cb",
        "https://-a.example.com/cb",
        "https://a-.example.com/cb",
        "https://evil.org/.example.com/cb",
        "https:/a.example.com/cb",
        "https://a.example.com\\cb",
        "https://a.example%2ecom/cb",
        "//a.example.com/cb",
    ],
)
def test_all_the_rest_of_the_uri_matches_to_the_letter(sent: str) -> None:
    assert not matches(WHOLE_LABEL, sent)


HOSTILE = st.text(
    st.one_of(st.sampled_from("abAB.-*@\\/:?#%2e\u3002\uff0e[]_ \t\n\u00fc\u200d"), st.characters()), max_size=80
)


@given(st.sampled_from([PATTERN, WHOLE_LABEL, "https://a*.b.c.example.com"]), HOSTILE, st.booleans())
def test_whatever_matches_leads_to_one_subdomain_and_to_the_path_that_was_registered(
    registered: str, text: str, whole: bool
) -> None:
    sent = text if whole else registered.replace("*", text)

    if matches(registered, sent):
        wanted, got = urlsplit(registered.replace("*", "x")), urlsplit(sent)
        host = (wanted.hostname or "").partition(".")[2]
        assert (got.scheme, got.port, got.username, got.path, got.query) == (
            "https", wanted.port, None, wanted.path, wanted.query,
        )  # fmt: skip
        label, _, rest = (got.hostname or "").partition(".")
        assert rest == host
        assert label.isascii()
        assert label.replace("-", "").isalnum()
        assert sent.isascii()
        assert not set(sent) & set(" \t\n\\@")


def test_only_a_client_that_asked_for_wildcards_has_them() -> None:
    with_wildcards = World(client=an_app(redirect_uris=(WHOLE_LABEL,), wildcard_redirect="SUBDOMAIN"))
    without = World(client=an_app(redirect_uris=(WHOLE_LABEL,)))

    assert with_wildcards.ask(redirect_uri="https://a.example.com/cb").location.startswith("https://a.example.com/cb?")
    for uri in ("https://a.b.example.com/cb", "https://a.example.org/cb", WHOLE_LABEL):
        assert with_wildcards.ask(redirect_uri=uri).page == "illegal_redirect_uri", uri
    for uri in ("https://a.example.com/cb", WHOLE_LABEL):
        assert without.ask(redirect_uri=uri).page == "illegal_redirect_uri", uri


def test_pushed_requests_know_them_too() -> None:
    world = World(client=an_app(redirect_uris=(WHOLE_LABEL,), wildcard_redirect="SUBDOMAIN"))

    status, _ = world.push({"redirect_uri": "https://a.example.com/cb"} | PKCE, headers=basic())
    refused, body = world.push({"redirect_uri": "https://a.evil.com/cb"} | PKCE, headers=basic())

    assert (status, refused, body["error"]) == (201, 400, "invalid_request")


def test_a_code_is_redeemed_with_the_very_uri_that_it_was_sent_to() -> None:
    world = World(client=an_app(redirect_uris=(WHOLE_LABEL,), wildcard_redirect="SUBDOMAIN"))
    world.ask(redirect_uri="https://a.example.com/cb")

    (code,) = world.storage.codes.records.values()

    assert code.redirect_uri == "https://a.example.com/cb"


def test_scripts_of_a_site_that_matches_may_call_the_token_endpoint() -> None:
    from authmint.oauth.cors import readable_by
    from authmint.oauth.errors import OAuthError

    spa = an_app(application_type="browser", redirect_uris=(WHOLE_LABEL,), wildcard_redirect="SUBDOMAIN")
    headers = dict(readable_by("https://A.example.com", spa, lambda _: False))

    assert headers["access-control-allow-origin"] == "https://A.example.com"
    for origin in (
        "https://a.b.example.com",
        "http://a.example.com",
        "https://a.example.com:8443",
        "null",
        WHOLE_LABEL,
    ):
        with pytest.raises(OAuthError):
            readable_by(origin, spa, lambda _: False)
