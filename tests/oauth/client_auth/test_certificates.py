"""docs/protocol.md §47: clients that show certificates (RFC 8705), and tokens that are bound to them."""

import base64
import hashlib
import ssl
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from authmint.http import Request, Response
from authmint.oauth.client_auth.certificates import is_certificate_name, thumbprint
from authmint.oauth.errors import OAuthError
from authmint.storage.clients import CertificateName, ClientKey
from cryptography import x509

from tests.oauth.authorization.world import World as Visits
from tests.oauth.authorization.world import a_browser_server, an_app
from tests.oauth.code_flow import CHALLENGE, REDIRECT, VERIFIER, Flow, a_code_server, a_web_client
from tests.oauth.engine import Engine
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client, a_form, a_server, basic
from tests.support.certificates import DAY, FOR_CLIENTS, FOR_SERVERS, NAME, Authority, Issued, address, short_key
from tests.support.dpop import Key
from tests.support.fakes import NOW, decoded

AUTHORITY = Authority(NOW)
#: RFC 8705 appendix A.
OF_THE_RFC = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""


def digest(issued: Issued) -> str:
    der = ssl.PEM_cert_to_DER_cert(issued.pem)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def over(request: Request, issued: Issued | None) -> Request:
    """The same request over a connection with this certificate."""
    return request if issued is None else replace(request, client_certificate=issued.pem)


class World(Engine):
    """A machine that authenticates by a certificate."""

    def __init__(self, name: CertificateName | None = None, **client: Any) -> None:
        values: dict[str, Any] = {"auth_method": "tls_client_auth", "secrets": ()}
        name = name or CertificateName("subject_dn", NAME)
        super().__init__(None, a_client(**{**values, "certificate_name": name, **client}))

    def with_certificate(self, issued: Issued | None, headers: Any = None, **more: str) -> Response:
        form = {"grant_type": "client_credentials", "scope": "orders:read", "client_id": CLIENT_ID} | more
        return self.token(over(a_form({n: v for n, v in form.items() if v}, headers=headers), issued))

    def refused(self, answer: Response) -> str:
        assert (answer.status, decoded(answer.body)["error"]) == (401, "invalid_client"), answer.body
        return self.events.emitted[-1].reason or ""


def test_the_thumbprint_is_that_of_the_rfc() -> None:
    assert thumbprint(OF_THE_RFC) == "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
    assert thumbprint(OF_THE_RFC.replace("\n", "\\n")) == thumbprint(OF_THE_RFC), "as API Gateway may write it"


def test_a_client_is_known_by_the_name_of_its_certificate() -> None:
    world = World()

    token = decoded(world.with_certificate(AUTHORITY.client()).body)["access_token"]

    assert "cnf" not in jwt.decode(token, options={"verify_signature": False}), "nobody asked for that"
    assert world.refused(world.with_certificate(None)) == "client_certificate_invalid"
    assert (
        world.refused(world.with_certificate(AUTHORITY.client("CN=other,O=Bank,C=DE"))) == "client_certificate_invalid"
    )


NAMES = [
    ("subject_dn", "CN=tpp,O=Bank,C=DE", True),
    ("subject_dn", "cn=TPP, o=bank, c=de", True),
    ("subject_dn", "CN=tpp,O=Bank", False),
    ("subject_dn", "C=DE,O=Bank,CN=tpp", False),
    ("subject_dn", "CN=tpp,O=Bank,C=DE,L=Berlin", False),
    ("subject_dn", r"CN=t\pp,O=Bank,C=DE", False),
    ("san_dns", "tpp.bank.example", True),
    ("san_dns", "TPP.bank.example", True),
    ("san_dns", "bank.example", False),
    ("san_uri", "spiffe://bank.example/tpp", True),
    ("san_uri", "spiffe://bank.example/Tpp", False),
    ("san_ip", "192.0.2.7", True),
    ("san_ip", "2001:db8::7", True),
    ("san_ip", "192.0.2.8", False),
    ("san_email", "tpp@bank.example", True),
    ("san_email", "tpp@BANK.example", True),
    ("san_email", "TPP@bank.example", False),
    ("san_dns", "192.0.2.7", False),
]


@pytest.mark.parametrize(("kind", "value", "is_it"), NAMES)
def test_names_are_compared_by_what_they_are(kind: Any, value: str, is_it: bool) -> None:
    alternatives = (
        x509.DNSName("tpp.bank.example"),
        x509.UniformResourceIdentifier("spiffe://bank.example/tpp"),
        address("192.0.2.7"),
        address("2001:db8::7"),
        x509.RFC822Name("tpp@bank.example"),
    )
    world = World(CertificateName(kind, value))

    assert (world.with_certificate(AUTHORITY.client(alternatives=alternatives)).status == 200) == is_it
    if not kind.startswith("subject"):
        assert world.with_certificate(AUTHORITY.client()).status == 401, "without other names"


def test_the_types_of_banks_are_known_by_their_names_and_by_their_numbers() -> None:
    issued = AUTHORITY.client("2.5.4.97=#0c0a505344444542414e4b31,2.5.4.5=42,CN=tpp")
    for name in ("organizationIdentifier=PSDDEBANK1,serialNumber=42,CN=tpp", "2.5.4.97=PSDDEBANK1,2.5.4.5=42,cn=tpp"):
        assert World(CertificateName("subject_dn", name)).with_certificate(issued).status == 200, name


def test_names_with_signs_in_them_are_read_as_the_rfc_says() -> None:
    world = World(CertificateName("subject_dn", r"cn=Lee\, Ann, o=A\+B,C=DE"))

    assert world.with_certificate(AUTHORITY.client(r"CN=Lee\, Ann,O=A\+B,C=DE")).status == 200
    assert world.with_certificate(AUTHORITY.client("CN=Lee,O=A,C=DE")).status == 401


@pytest.mark.parametrize(
    "name",
    [
        ("subject_dn", ""),
        ("subject_dn", "tpp"),
        ("subject_dn", "CN"),
        ("san_ip", "1.2.3"),
        ("san_dns", "a b"),
        ("san_uri", ""),
    ],
)
def test_what_can_be_no_name_is_none(name: tuple[Any, str]) -> None:
    assert not is_certificate_name(CertificateName(*name))


def test_what_is_wrong_with_a_certificate_is_enough() -> None:
    world = World()
    wrong = {
        "over": AUTHORITY.client(begins=-2 * DAY, ends=-DAY),
        "to come": AUTHORITY.client(begins=DAY, ends=2 * DAY),
        "for servers": AUTHORITY.client(usage=FOR_SERVERS),
        "a short key": AUTHORITY.client(key=short_key()),
    }

    for what, issued in wrong.items():
        assert world.refused(world.with_certificate(issued)) == "client_certificate_invalid", what
    for text in ("x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "\u00e9" * 9_000):
        form = a_form({"grant_type": "client_credentials", "scope": "orders:read", "client_id": CLIENT_ID})
        assert world.refused(world.token(replace(form, client_certificate=text))) == "client_certificate_invalid"
    assert world.with_certificate(AUTHORITY.client(usage=FOR_CLIENTS)).status == 200
    assert world.with_certificate(AUTHORITY.client(ends=timedelta(seconds=1))).status == 200


def test_a_certificate_that_is_blocked_counts_no_more() -> None:
    issued, other = AUTHORITY.client(), AUTHORITY.client()
    world = World(blocked_serials=(issued.serial,))

    assert world.refused(world.with_certificate(issued)) == "client_certificate_invalid"
    assert world.with_certificate(other).status == 200


def test_a_client_without_an_authority_is_known_by_its_keys() -> None:
    key, other = Key(), Key("RS256")
    own = ClientKey("pks1", key.jwk | {"kid": "k"}, NOW, NOW)
    world = World(auth_method="self_signed_tls_client_auth", keys=(own,), certificate_name=None)
    good = AUTHORITY.client("CN=anything", key=key.private, itself=True)

    assert world.with_certificate(good).status == 200
    assert world.refused(world.with_certificate(AUTHORITY.client("CN=anything", key=other.private, itself=True)))
    client = world.storage.clients.get(CLIENT_ID)
    world.storage.clients.save(client, replace(client, keys=(replace(own, status="INACTIVE"),)), [])
    assert world.refused(world.with_certificate(good)) == "client_certificate_invalid"


def test_a_method_is_one_method() -> None:
    issued = AUTHORITY.client()
    world = World()
    world.storage.clients.add(a_client(id="0oaSECRET"), [])

    assert world.with_certificate(issued, client_secret="x").status == 401
    assert world.with_certificate(issued, headers=basic(CLIENT_ID), client_id="").status == 401
    assert world.with_certificate(issued, client_id="0oaSECRET").status == 401, "a secret is asked for all the same"
    assert world.with_certificate(issued, headers=basic("0oaSECRET"), client_id="").status == 200


# Tokens that are bound


def test_a_token_is_bound_to_the_certificate_it_was_given_over() -> None:
    issued, world = AUTHORITY.client(), World(certificate_bound=True)

    answer = decoded(world.with_certificate(issued).body)

    token = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (token["cnf"], answer["token_type"]) == ({"x5t#S256": digest(issued)}, "Bearer")
    request = a_form({"token": answer["access_token"], "client_id": CLIENT_ID}, path="introspect")
    state = world.state(answer["access_token"], over(request, issued))
    assert (state["active"], state["cnf"], state["token_type"]) == (True, token["cnf"], "Bearer")


def test_a_client_with_another_method_can_have_its_tokens_bound_and_then_needs_a_certificate() -> None:
    issued = AUTHORITY.client()
    engine = Engine(None, a_client(certificate_bound=True))
    form = a_form({"grant_type": "client_credentials", "scope": "orders:read"}, headers=basic())

    answer = engine.token(form)
    assert (answer.status, decoded(answer.body)["error"]) == (400, "invalid_request")
    assert engine.events.emitted[-1].reason == "client_certificate_required"
    assert engine.token(replace(form, client_certificate="x")).status == 401
    token = decoded(engine.token(over(form, issued)).body)["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["cnf"] == {"x5t#S256": digest(issued)}


def test_with_a_proof_a_token_is_bound_to_both() -> None:
    issued, key = AUTHORITY.client(), Key()
    engine = Engine(a_server(dpop_nonce_seconds=0), a_client(certificate_bound=True))
    headers = basic() | {"dpop": key.proof(f"{BASE_URL}/oauth2/{SERVER_ID}/v1/token")}
    form = a_form({"grant_type": "client_credentials", "scope": "orders:read"}, headers=headers)

    answer = decoded(engine.token(over(form, issued)).body)

    assert answer["token_type"] == "DPoP"
    token = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert token["cnf"] == {"jkt": key.jkt, "x5t#S256": digest(issued)}


def test_a_bound_token_is_never_shared() -> None:
    engine = Engine(None, a_client(certificate_bound=True, shares_seconds=60))
    form = a_form({"grant_type": "client_credentials", "scope": "orders:read"}, headers=basic())

    found = [decoded(engine.token(over(form, AUTHORITY.client())).body)["access_token"] for _ in range(2)]

    assert found[0] != found[1]


class People(Flow):
    """Ann, an app whose tokens are bound, and another one."""

    def __init__(self, **client: Any) -> None:
        super().__init__(a_code_server(), a_web_client(**{"certificate_bound": True, **client}))

    def tokens(self, issued: Issued | None, **form: str) -> Response:
        sent = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return self._sent(sent | {"code": self.code(code_challenge=CHALLENGE)} | form, issued)

    def refreshed(self, token: str, issued: Issued | None) -> Response:
        return self._sent({"grant_type": "refresh_token", "refresh_token": token}, issued)

    def _sent(self, form: dict[str, str], issued: Issued | None) -> Response:
        if self.storage.clients.get(CLIENT_ID).auth_method == "none":
            return self.token(over(a_form(form | {"client_id": CLIENT_ID}), issued))
        return self.token(over(a_form(form, headers=basic()), issued))

    def told(self, token: str, issued: Issued | None) -> Response:
        request = Request(
            "GET",
            f"/oauth2/{SERVER_ID}/v1/userinfo",
            BASE_URL,
            {"authServerId": SERVER_ID},
            headers={"authorization": f"Bearer {token}"},
        )
        return self.userinfo(over(request, issued))


def test_userinfo_is_for_the_certificate_that_the_token_is_bound_to() -> None:
    people, issued = People(), AUTHORITY.client()
    token = decoded(people.tokens(issued).body)["access_token"]

    assert people.told(token, issued).status == 200
    for other in (None, AUTHORITY.client()):
        answer = people.told(token, other)
        assert (answer.status, dict(answer.headers)["www-authenticate"].count("invalid_token")) == (401, 1)


def test_a_public_clients_refresh_token_is_for_its_certificate_and_anothers_is_not() -> None:
    issued, other = AUTHORITY.client(), AUTHORITY.client()
    public = People(auth_method="none", secrets=(), pkce_required=True)
    token = decoded(public.tokens(issued).body)["refresh_token"]

    assert public.refreshed(token, None).status == 400
    assert public.reason(public.refreshed(token, other)) == "invalid_refresh_token"
    answer = decoded(public.refreshed(token, issued).body)
    bound = jwt.decode(answer["access_token"], options={"verify_signature": False})["cnf"]
    assert bound == {"x5t#S256": digest(issued)}

    confidential = People()
    token = decoded(confidential.tokens(issued).body)["refresh_token"]
    answer = decoded(confidential.refreshed(token, other).body)
    bound = jwt.decode(answer["access_token"], options={"verify_signature": False})["cnf"]
    assert bound == {"x5t#S256": digest(other)}, "it proves itself by other means, and may have another one by now"


def test_the_same_refresh_over_another_certificate_is_another_request() -> None:
    issued, other, people = AUTHORITY.client(), AUTHORITY.client(), People()
    token = decoded(people.tokens(issued).body)["refresh_token"]

    first, again, elsewhere = (people.refreshed(token, one).body for one in (issued, issued, other))

    assert first == again, "an answer may be lost on its way"
    bound = jwt.decode(decoded(elsewhere)["access_token"], options={"verify_signature": False})["cnf"]
    assert bound == {"x5t#S256": digest(other)}


def test_under_a_profile_a_certificate_does_as_well_as_a_proof() -> None:
    issued = AUTHORITY.client()
    world = World(certificate_bound=True, security_profile="FAPI2")

    assert world.with_certificate(issued).status == 200
    client = world.storage.clients.get(CLIENT_ID)
    world.storage.clients.save(client, replace(client, certificate_bound=False), [])
    answer = world.with_certificate(issued)
    assert (answer.status, decoded(answer.body)["error"]) == (400, "invalid_dpop_proof")


def test_what_is_no_certificate_has_no_thumbprint() -> None:
    with pytest.raises(OAuthError):
        thumbprint("nothing")


@pytest.mark.parametrize("response_type", ["token", "id_token token", "code token", "code id_token token"])
def test_no_browser_gets_a_token_that_is_bound_to_nothing(response_type: str) -> None:
    """What comes back through a browser shows no certificate: it would be a bearer token of a client that has none."""
    refused = Visits(a_browser_server(), an_app(certificate_bound=True)).ask(response_type=response_type, nonce="n")
    assert (refused.fields["error"], "access_token" in refused.fields) == ("unauthorized_client", False)

    for others in ("code", "id_token"):
        answer = Visits(a_browser_server(), an_app(certificate_bound=True)).ask(response_type=others, nonce="n")
        assert others in answer.fields
    assert "access_token" in Visits(a_browser_server(), an_app()).ask(response_type="token", nonce="n").fields
