"""Client ID metadata documents: each way in which a URL or a document can be wrong, alone, and its honest twin."""

import json
from typing import Any

import pytest
from authmint.oauth.authorization.parameters import check_redirect_uri
from authmint.oauth.client_documents import (
    LARGEST,
    BadDocument,
    cleaned,
    fresh_for,
    is_another_client,
    is_document_url,
    is_weaker,
    read,
)
from authmint.oauth.errors import OAuthError
from authmint.oauth.unregistered_clients import client_of
from authmint.storage.client_documents import ClientDocument
from authmint.storage.client_registration import origin_of
from hypothesis import given
from hypothesis import strategies as st

from tests.support.key_pairs import private_jwk_pair

URL = "https://app.example/mcp/client.json"
CALLBACK = "http://localhost/callback"
KEY = private_jwk_pair("ES256")[0] | {"kid": "k1", "use": "sig", "alg": "ES256"}
SCHEMES = ("cursor", "vscode")
HONEST: dict[str, Any] = {
    "client_id": URL,
    "client_name": "Claude Code",
    "redirect_uris": [CALLBACK, "http://127.0.0.1/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}
WITH_KEY = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks.json"}


def document(**changes: Any) -> ClientDocument:
    """``None`` takes a member out."""
    body = {name: value for name, value in (HONEST | changes).items() if value is not None}
    return read(json.dumps(body).encode(), URL, private_schemes=SCHEMES)


def refused(**changes: Any) -> str:
    with pytest.raises(BadDocument) as bad:
        document(**changes)
    assert str(bad.value)
    return bad.value.id


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://claude.ai/oauth/claude-code-client-metadata",
        "https://vscode.dev:8443/oauth/client-metadata.json",
        "https://xn--bcher-kva.example/a%20b/~c",
        "https://a.b/..c/.well-known/x",
        "https://app.example/c/",
        f"https://app.example/{'x' * (512 - 20)}",
    ],
)
def test_urls_that_may_name_a_client(url: str) -> None:
    assert is_document_url(url, own_hosts=("acme.example.com",))
    assert url.startswith(origin_of(url) + "/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "0oaAAAAAAAAAAAAAAAAA",
        "dcr_a9Bj6xuX9ewQQNT6RwXSF3mhPpX",
        "http://app.example/c",
        "HTTPS://app.example/c",
        "https:/app.example/c",
        "https://app.example",
        "https://app.example/",
        "https://app.example?x",
        "https://app.example/c?x=1",
        "https://app.example/c?",
        "https://app.example/c#f",
        "https://app.example/c#",
        "https://App.example/c",
        "https://localhost/c",
        "https://app/c",
        "https://app.example./c",
        "https://.example/c",
        "https://app..example/c",
        "https://-app.example/c",
        "https://app-.example/c",
        "https://127.0.0.1/c",
        "https://127.1/c",
        "https://app.0x7f/c",
        "https://2130706433/c",
        "https://[::1]/c",
        "https://[::ffff:127.0.0.1]/c",
        "https://user@app.example/c",
        "https://user:pw@app.example/c",
        "https://app.example:443/c",
        "https://app.example:/c",
        "https://app.example:0/c",
        "https://app.example:080/c",
        "https://app.example:65536/c",
        "https://app.example/./c",
        "https://app.example/a/../c",
        "https://app.example/..",
        "https://app.example/a/%2e%2E/c",
        "https://app.example/%2E",
        "https://app.example/a%2fc",
        "https://app.example/a%5Cc",
        "https://app.example/a\\c",
        "https://app.example\\@evil.example/c",
        "https://app.example/a c",
        "https://app.example/a\tc",
        "https://app.example/c\n",
        " https://app.example/c",
        "https://app.example/%",
        "https://app.example/%zz",
        "https://app.example/\u00e9",
        "https://\u0430pp.example/c",
        "https://app.example/<c>",
        "https://acme.example.com/c",
        f"https://app.example/{'x' * (513 - 20)}",
        f"https://{'a' * 64}.example/c",
    ],
)
def test_urls_that_name_none(url: str) -> None:
    assert not is_document_url(url, own_hosts=("acme.example.com",))


@given(st.text(max_size=60))
def test_no_text_confuses_the_reader_of_urls(text: str) -> None:
    for url in (text, f"https://{text}", f"https://app.example/{text}"):
        if is_document_url(url):
            assert url.isascii()
            assert not any(c.isspace() or c in '\\?#@<>"' for c in url.partition("://")[2].partition("/")[0])


def test_an_honest_document() -> None:
    found = document(
        scope="notes.read notes.write notes.read", client_uri="https://app.example/", logo_uri="http://x.example/l"
    )

    assert found == ClientDocument(
        url=URL,
        name="Claude Code",
        redirect_uris=(CALLBACK, "http://127.0.0.1/callback"),
        auth_method="none",
        grant_types=("authorization_code", "refresh_token"),
        scopes=("notes.read", "notes.write"),
        client_uri="https://app.example/",
    )
    assert document(application_type="web", contacts=[1], software_id={"a": 1}, jwks=None) == document()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"<html>",
        b"{",
        b"\xef\xbb\xbf" + json.dumps(HONEST).encode(),
        json.dumps(HONEST).encode("utf-16"),
        json.dumps(HONEST).encode().replace(b'"client_name"', b'"client_id": "https://evil.example/c", "client_name"'),
        json.dumps(HONEST).encode().replace(b"Claude", b"\xff"),
        json.dumps(HONEST | {"x": float("nan")}).encode(),
        b'{"a":' * 60 + b"1" + b"}" * 60,
        json.dumps(HONEST | {"x": "y" * LARGEST}).encode(),
    ],
)
def test_what_is_no_document(content: bytes) -> None:
    with pytest.raises(BadDocument) as bad:
        read(content, URL)

    assert bad.value.id == "cimd_invalid_client_details"


def test_a_document_of_the_largest_size_is_read() -> None:
    content = json.dumps(HONEST).encode()
    padded = content[:-1] + b" " * (LARGEST - len(content)) + b"}"

    assert len(padded) == LARGEST
    assert read(padded, URL) == read(content, URL)


@pytest.mark.parametrize(
    "client_id", [None, "", f"{URL}/", URL.upper(), "https://APP.example/mcp/client.json", 1, [URL], URL + "\n"]
)
def test_a_document_of_another_url(client_id: Any) -> None:
    assert refused(client_id=client_id) == "cimd_client_id_mismatch"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": "s"},
        {"client_secret": ""},
        {"client_secret_expires_at": 0},
        {"client_secrets": []},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": ""},
        {"token_endpoint_auth_method": ["none"]},
        {"token_endpoint_auth_method": None, "token_endpoint_auth_methods_supported": ["client_secret_post"]},
        {"token_endpoint_auth_methods_supported": "none"},
        {"client_name": ["x"]},
        {"grant_types": ["client_credentials"]},
        {"grant_types": []},
        {"grant_types": ["refresh_token"]},
        {"grant_types": "authorization_code"},
        {"scope": ["a"]},
        {"redirect_uris": CALLBACK},
        {"redirect_uris": [CALLBACK, 1]},
        {"redirect_uris": [f"http://localhost/{number}" for number in range(11)]},
        {"token_endpoint_auth_method": "private_key_jwt"},
        WITH_KEY | {"jwks": {"keys": [KEY]}},
        WITH_KEY | {"jwks_uri": "http://app.example/jwks.json"},
        WITH_KEY | {"jwks_uri": "https://u@app.example/jwks.json"},
        WITH_KEY | {"jwks_uri": "https://app.example/jwks.json#x"},
        WITH_KEY | {"jwks_uri": "https:///jwks.json"},
        WITH_KEY | {"jwks_uri": 1},
        WITH_KEY | {"jwks_uri": None, "jwks": {"keys": []}},
        WITH_KEY | {"jwks_uri": None, "jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}},
        WITH_KEY | {"jwks_uri": None, "jwks": {"keys": [KEY | {"use": "enc"}]}},
        WITH_KEY | {"jwks_uri": None, "jwks": {"keys": [KEY, KEY]}},
        WITH_KEY | {"jwks_uri": None, "jwks": {"keys": [KEY, {k: KEY[k] for k in ("kty", "crv", "x", "y")}]}},
        WITH_KEY | {"jwks_uri": None, "jwks": {"keys": [KEY | {"kid": str(n)} for n in range(51)]}},
        WITH_KEY | {"jwks_uri": None, "jwks": [KEY]},
        WITH_KEY | {"jwks_uri": None, "jwks": {"keys": [KEY, "x"]}},
        *({"jwks": {"keys": [KEY | {member: "AQAB"}]}} for member in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")),
        {"jwks": {"keys": [{"kty": "oct", "kid": "s"}]}},
    ],
)
def test_what_refuses_a_document(changes: dict[str, Any]) -> None:
    assert refused(**changes) == "cimd_invalid_client_details"


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/cb",
        "http://localhost.evil.example/cb",
        "http://localhost:80@evil.example/cb",
        "http://127.0.0.2/cb",
        "http://localhost:0/cb",
        "http://localhost:65536/cb",
        "https://u@app.example/cb",
        "https://app.example/cb#f",
        "https://app.example/cb#",
        "https://*.example/cb",
        "https://app.example\\@evil.example/cb",
        "https:///cb",
        "https://app.example:99999/cb",
        "https://app.example/cb?code=x",
        "https://app.example/cb?a=b&state=x",
        "https://app.example/\u00e9",
        "https://app.example/a b",
        f"https://app.example/{'x' * 500}",
        "zed://callback",
        "CURSOR://x/cb",
        "cursor:",
        "javascript:alert(1)",
        "data:text/html,x",
        "/cb",
        "",
    ],
)
def test_a_redirect_uri_that_is_no_good_is_left_out(uri: str) -> None:
    schemes = (*SCHEMES, "javascript", "data", "http", "https")  # whatever an administrator lists
    body = HONEST | {"redirect_uris": [uri, CALLBACK]}

    assert read(json.dumps(body).encode(), URL, private_schemes=schemes).redirect_uris == (CALLBACK,)
    with pytest.raises(BadDocument) as bad:
        read(json.dumps(HONEST | {"redirect_uris": [uri]}).encode(), URL, private_schemes=schemes)
    assert bad.value.id == "cimd_missing_redirect_uris"


def test_redirect_uris_of_clients_as_they_are() -> None:
    uris = [
        "https://claude.ai/api/mcp/auth_callback",
        "https://vscode.dev/redirect?x=1",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
        "http://[::1]/cb",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ]

    assert document(redirect_uris=[*uris, uris[0]]).redirect_uris == tuple(uris)
    assert refused(redirect_uris=None) == refused(redirect_uris=[]) == "cimd_missing_redirect_uris"


def test_the_method_of_a_client() -> None:
    assert document(token_endpoint_auth_method=None).auth_method == "none"
    both = {"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"], "jwks_uri": WITH_KEY["jwks_uri"]}
    assert document(**both, token_endpoint_auth_method=None).auth_method == "private_key_jwt"
    by_uri, by_keys = document(**WITH_KEY), document(**WITH_KEY | {"jwks_uri": None, "jwks": {"keys": [KEY]}})
    assert (by_uri.jwks_uri, by_uri.jwks) == (WITH_KEY["jwks_uri"], ())
    assert (by_keys.jwks_uri, by_keys.jwks) == (None, (KEY,))
    public = document(jwks_uri="https://app.example/jwks.json", jwks={"keys": [KEY]})
    assert (public.auth_method, public.jwks_uri, public.jwks) == ("none", None, ())
    unknown = {"keys": [{"kty": "XYZ"}, KEY, KEY | {"use": "enc"}]}
    assert document(**WITH_KEY | {"jwks_uri": None, "jwks": unknown}).jwks == (KEY,)
    assert document(grant_types=None).grant_types == ("authorization_code",)
    assert document(grant_types=["refresh_token", "password", "authorization_code"]).grant_types == tuple(
        HONEST["grant_types"]
    )


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("Claude Code", "Claude Code"),
        ("  Claude \t\n Code ", "Claude Code"),
        ("e\u0301", "\u00e9"),
        ("Bank\u202e moc.live\u202c", "Bank moc.live"),
        ("A\u200bB\u200dC\ufeffD\u00adE", "ABCDE"),
        ("A\x00B\x1b[31mC", "AB[31mC"),
        ("\u2066\u2069", ""),
        ("x" * 500, "x" * 80),
        ("\U000e0041tag", "tag"),
    ],
)
def test_a_name_holds_what_is_seen(name: str, seen: str) -> None:
    assert cleaned(name) == seen
    assert document(client_name=name).name == seen


@pytest.mark.parametrize(
    ("registered", "asked", "fits"),
    [
        ("http://localhost/callback", "http://localhost:3118/callback", True),
        ("http://127.0.0.1/", "http://127.0.0.1:33418/", True),
        ("http://127.0.0.1", "http://127.0.0.1:33418/", True),
        ("http://localhost:8787/callback", "http://localhost:9999/callback", True),
        ("http://[::1]/cb", "http://[::1]:5000/cb", True),
        ("http://localhost/callback", "http://127.0.0.1:3118/callback", False),
        ("http://localhost/callback", "http://localhost:3118/callback/", False),
        ("http://localhost/callback", "http://localhost:3118/callback?x=1", False),
        ("http://localhost/callback", "https://localhost:3118/callback", False),
        ("http://localhost/callback", "http://localhost.evil.example:3118/callback", False),
        ("http://localhost/callback", "http://localhost:80@evil.example/callback", False),
        ("http://localhost/callback", "http://localhost:0/callback", False),
        ("http://localhost/callback", "http://localhost:65536/callback", False),
        ("http://localhost/callback", "http://LOCALHOST/callback", False),
        ("http://127.0.0.1/cb", "http://127.0.0.2:80/cb", False),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp/oauth/callback", True),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://evil/oauth/callback", False),
        ("https://claude.ai/api/mcp/auth_callback", "https://claude.ai/api/mcp/auth_callback", True),
        ("https://claude.ai/api/mcp/auth_callback", "https://claude.ai:443/api/mcp/auth_callback", False),
        ("https://claude.ai/api/mcp/auth_callback", "https://claude.ai/api/mcp/auth_callback?x=1", False),
    ],
)
def test_where_answers_go(registered: str, asked: str, fits: bool) -> None:
    client = client_of(document(redirect_uris=[registered, "https://app.example/other"]), None, None)
    if fits:
        assert check_redirect_uri(client, asked) == asked
    else:
        with pytest.raises(OAuthError) as refused:
            check_redirect_uri(client, asked)
        assert refused.value.id == "illegal_redirect_uri"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 3_600),
        ("", 3_600),
        ("max-age=1800", 1_800),
        ("public, Max-Age=7200, immutable", 7_200),
        ('max-age="900"', 900),
        ("max-age=0", 300),
        ("max-age=10", 300),
        ("max-age=99999999", 86_400),
        ("max-age=999999999999999999999", 3_600),
        ("max-age=-1", 3_600),
        ("max-age=x", 3_600),
        ("max-age=\u0661\u0662\u0663\u0664", 3_600),
        ("no-store", 300),
        ("no-cache, max-age=7200", 300),
    ],
)
def test_how_long_a_copy_is_fresh(header: str | None, seconds: int) -> None:
    assert fresh_for(header) == seconds


def test_changes_that_make_another_client_of_it() -> None:
    before = document()
    for changes in (
        {"redirect_uris": [CALLBACK]},
        {"client_name": "Other"},
        {"logo_uri": "https://app.example/l.png"},
        WITH_KEY,
    ):
        assert is_another_client(before, document(**changes)), changes
    assert is_another_client(
        document(**WITH_KEY), document(**WITH_KEY | {"jwks_uri": "https://app.example/other.json"})
    )
    silent = {"tos_uri": "https://app.example/tos", "scope": "a", "grant_types": ["authorization_code"]}
    assert not is_another_client(before, document(**silent, redirect_uris=HONEST["redirect_uris"][::-1]))
    assert is_weaker(document(**WITH_KEY), before)
    assert not is_weaker(before, document(**WITH_KEY))
    assert not is_weaker(before, before)
