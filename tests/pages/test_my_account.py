"""``/idp/myaccount``: programs that act for the user whose access token they show (docs/protocol.md §44)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jwt
import pytest
from authmint.http import Response
from authmint.storage.admin_scopes import OWN_ACCOUNT_SCOPES
from authmint.storage.identity_providers import IdpLink
from authmint.storage.schemas import ProfileSchema
from authmint.storage.servers import ORG_SERVER
from authmint.storage.users import User
from authmint.tokens.access_token import type_of

from tests.federation.world import ACME, APP, VERIFIER, Browser, Deployment, World, request_of
from tests.support.apps import App
from tests.support.authenticator import SoftwareKey
from tests.support.dpop import Key, ath
from tests.support.fakes import FrozenClock

from .own_account import Faults, may

PASSWORD, NEW = "Correct-horse-9", "Battery-Staple-8"
SCOPES = " ".join(("openid", "offline_access", *sorted(OWN_ACCOUNT_SCOPES)))
SITE = "https://shop.example"


@dataclass
class Program:
    """An application with a token of Ann's."""

    here: Deployment
    user_id: str
    token: str = ""
    refresh_token: str = ""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        sent = {"authorization": f"Bearer {self.token}", "accept": "*/*;okta-version=1.0.0"}
        if body is not None:
            sent["content-type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        uri = path if path.startswith("http") else f"{ACME}/idp/myaccount{path}"
        text = b"" if body is None else json.dumps(body).encode()
        return self.here.answer(request_of(method, uri, sent, text))

    def json(self, method: str, path: str, body: Any = None, *, status: int = 200, content_type: str = "") -> Any:
        answer = self.send(method, path, body, **({"content_type": content_type} if content_type else {}))
        assert answer.status == status, answer.body
        return json.loads(answer.body or "null")

    @property
    def user(self) -> User:
        return self.here.storage.users.get(self.user_id)

    @property
    def clock(self) -> FrozenClock:
        clock: FrozenClock = self.here.world.clock
        return clock

    def sign_in(self, code: Callable[[], str] | None = None, *, scope: str = SCOPES, **more: str) -> None:
        browser = Browser(self.here.world)
        page = browser.open(self.here.authorize_uri(scope=scope, **more))
        page = browser.submit(page, username="ann@acme.example", password=PASSWORD)
        if code is not None:
            page = browser.submit(page, code=code())
        given = self.here.redeemed(page.fields["code"])
        self.token, self.refresh_token = given["access_token"], given.get("refresh_token", "")

    def signed_in_browser(self, code: Callable[[], str], *, password: str = PASSWORD) -> Browser:
        browser = Browser(self.here.world)
        page = browser.open(self.here.authorize_uri(scope=SCOPES, acr_values="urn:okta:loa:2fa:any"))
        page = browser.submit(page, username="ann@acme.example", password=password)
        browser.submit(page, code=code())
        return browser

    def is_signed_in(self, browser: Browser) -> bool:
        return "login_required" not in browser.open(self.here.authorize_uri(scope="openid", prompt="none")).url

    def mailed(self) -> str:
        sent = [mail for mail in self.here.storage.outbox.mails if "verificationToken" in mail.values]
        return str(sent[-1].values["verificationToken"])


def granted(here: Deployment) -> None:
    app = here.client["client_id"]
    for scope in sorted(OWN_ACCOUNT_SCOPES):
        here.admin.made(f"/api/v1/apps/{app}/grants", {"scopeId": scope, "issuer": ACME})


@pytest.fixture
def program() -> Program:
    here = Deployment(World())
    here.client = here.app("my account", grant_types=["authorization_code", "refresh_token"])
    granted(here)
    program = Program(here, here.user("ann@acme.example"))
    program.clock.advance(seconds=5)
    program.sign_in()
    return program


def code_of(answer: Response) -> str:
    return str(json.loads(answer.body)["errorCode"])


def challenge_of(answer: Response) -> str:
    return dict(answer.headers)["www-authenticate"]


def app_of(program: Program) -> App:
    factors = program.here.parts.user_factors()
    app = App.of(factors, program.user, program.clock)[0]
    program.clock.advance(seconds=30)
    return app


class TestCallers:
    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "\u00e9"])
    def test_without_a_good_token_nothing_is_told(self, program: Program, token: str) -> None:
        answer = program.send("GET", "/profile", authorization=f"Bearer {token}")

        assert (answer.status, code_of(answer)) == (401, "E0000011")
        assert challenge_of(answer).startswith("Bearer")

    @pytest.mark.parametrize("changes", [{"act": {"sub": "0oaService"}}, {"cid": "https://client.example/metadata"}])
    def test_nobody_acts_at_one_remove_and_no_stranger(self, program: Program, changes: dict[str, Any]) -> None:
        claims = jwt.decode(program.token, options={"verify_signature": False}) | changes
        server = program.here.parts.configuration().read(ORG_SERVER).server
        assert server is not None
        program.token = program.here.parts.signers().signer(server).sign(claims)

        answer = program.send("GET", "/profile")

        assert (answer.status, code_of(answer)) == (403, "E0000006")

    def test_no_cookie_opens_it(self, program: Program) -> None:
        browser = Browser(program.here.world)
        page = browser.open(f"{ACME}/signin")
        browser.submit(page, username="ann@acme.example", password=PASSWORD)
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies[ACME].items())

        answer = program.here.answer(request_of("GET", f"{ACME}/idp/myaccount/profile", {"cookie": cookies}))

        assert (answer.status, [n for n, _ in answer.headers if n == "set-cookie"]) == (401, [])

    def test_a_token_without_the_scope_may_not(self, program: Program) -> None:
        program.sign_in(scope="openid okta.myAccount.profile.read")

        assert program.send("GET", "/profile").status == 200
        for method, path in (("PUT", "/profile"), ("GET", "/emails"), ("DELETE", "/sessions"), ("POST", "/password")):
            answer = program.send(method, path, {})
            assert (answer.status, code_of(answer)) == (403, "E0000006")
            assert 'error="insufficient_scope"' in challenge_of(answer)

    def test_manage_covers_read(self, program: Program) -> None:
        program.sign_in(scope="openid okta.myAccount.profile.manage")

        assert program.send("GET", "/profile").status == 200

    def test_what_administrators_do_not_grant_is_not_in_the_token(self, program: Program) -> None:
        app = program.here.client["client_id"]
        for grant in program.here.admin.get(f"/api/v1/apps/{app}/grants").json:
            program.here.admin.delete(f"/api/v1/apps/{app}/grants/{grant['id']}")

        program.sign_in(scope="openid okta.myAccount.profile.read")

        assert program.send("GET", "/profile").status == 403

    @pytest.mark.parametrize("end", ["family", "user", "client", "expiry", "password grant revoked"])
    def test_a_token_that_died_is_none(self, program: Program, end: str) -> None:
        storage = program.here.storage
        if end == "family":
            family = jwt.decode(program.token, options={"verify_signature": False})["jti"]
            storage.families.revoke(family.split(".")[-1], "user", at=program.clock.now())
        elif end == "user":
            program.here.admin.post(f"/api/v1/users/{program.user_id}/lifecycle/suspend")
        elif end == "client":
            program.here.admin.post(f"/api/v1/apps/{program.here.client['client_id']}/lifecycle/deactivate")
        elif end == "expiry":
            program.clock.advance(seconds=3_601)
        else:
            program.here.admin.delete(f"/api/v1/users/{program.user_id}/sessions?oauthTokens=true")

        answer = program.send("GET", "/profile")

        assert (answer.status, code_of(answer)) == (401, "E0000011")

    def test_a_token_of_any_server_will_do_where_the_application_is_granted_the_scope(self, program: Program) -> None:
        here, made = program.here, program.here.admin.made
        server = made("/api/v1/authorizationServers", {"name": "people", "audiences": ["api://people"]})["id"]
        base = f"/api/v1/authorizationServers/{server}"
        everybody = {"clients": {"include": ["ALL_CLIENTS"]}}
        policy = made(f"{base}/policies", {"name": "all", "conditions": everybody})["id"]
        conditions = {
            "people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["authorization_code"]},
            "scopes": {"include": ["*"]},
        }
        made(f"{base}/policies/{policy}/rules", {"name": "people", "conditions": conditions})
        app = app_of(program)

        def signed_in(**more: str) -> None:
            browser = Browser(here.world)
            page = browser.open(here.authorize_uri(f"/{server}", scope="openid okta.myAccount.email.manage", **more))
            page = browser.submit(page, username="ann@acme.example", password=PASSWORD)
            page = browser.submit(page, code=app.code) if more else page
            form = {"grant_type": "authorization_code", "code": page.fields["code"], "redirect_uri": APP}
            given = here.called(f"/oauth2/{server}/v1/token", **form, code_verifier=VERIFIER)
            program.token = given["access_token"]

        signed_in()
        assert program.send("GET", "/emails").status == 200
        assert program.send("GET", "/profile").status == 403
        assert program.send("POST", "/emails", {"profile": {"email": "ann@new.example"}}).status == 401
        signed_in(acr_values="urn:okta:loa:2fa:any")
        assert program.send("POST", "/emails", {"profile": {"email": "ann@new.example"}}).status == 201

        grants = here.admin.get(f"/api/v1/apps/{here.client['client_id']}/grants").json
        for grant in grants:
            here.admin.delete(f"/api/v1/apps/{here.client['client_id']}/grants/{grant['id']}")
        page = Browser(here.world).open(here.authorize_uri(f"/{server}", scope="openid okta.myAccount.email.manage"))
        assert page.fields["error"] == "invalid_scope"

    def test_other_issuers_and_other_keys_are_not_believed(self, program: Program) -> None:
        claims = jwt.decode(program.token, options={"verify_signature": False})
        header = jwt.get_unverified_header(program.token)
        for changes in ({"iss": "https://evil.example"}, {"iss": f"{ACME}/oauth2/default"}, {"uid": "00uBob"}, {}):
            forged = jwt.encode(claims | changes, "k" * 32, "HS256", headers=header | {"alg": "HS256"})
            assert program.send("GET", "/profile", authorization=f"Bearer {forged}").status == 401
        head, body, _ = program.token.split(".")
        assert program.send("GET", "/profile", authorization=f"Bearer {head}.{body}.AAAA").status == 401

    def test_a_bound_token_comes_with_its_proof(self, program: Program) -> None:
        here, uri = program.here, f"{ACME}/idp/myaccount/profile"
        key = Key()
        browser = Browser(here.world)
        page = browser.open(here.authorize_uri(scope="openid okta.myAccount.profile.read"))
        page = browser.submit(page, username="ann@acme.example", password=PASSWORD)
        form = {"grant_type": "authorization_code", "code": page.fields["code"], "redirect_uri": APP}
        now = program.clock.now()
        nonce: dict[str, Any] = {}
        for _ in range(2):  # the first answer says which nonce
            proof = key.proof(f"{ACME}/oauth2/v1/token", now=now, **nonce)
            answer = here.posted("/oauth2/v1/token", {"dpop": proof}, **form, code_verifier=VERIFIER)
            nonce = {"nonce": dict(answer.headers).get("dpop-nonce", "")}
        given = json.loads(answer.body)
        token = given["access_token"]
        assert given["token_type"] == "DPoP"

        def sent(scheme: str, proof: str) -> Response:
            headers = {"authorization": f"{scheme} {token}"} | ({"dpop": proof} if proof else {})
            return here.answer(request_of("GET", uri, headers))

        good = key.proof(uri, "GET", now=now, ath=ath(token))
        assert sent("DPoP", good).status == 200
        for scheme, other in (
            ("Bearer", ""),
            ("Bearer", good),
            ("DPoP", ""),
            ("DPoP", Key().proof(uri, "GET", now=now, ath=ath(token))),
            ("DPoP", key.proof(uri, "PUT", now=now, ath=ath(token))),
            ("DPoP", key.proof(uri, "GET", now=now, ath=ath("another"))),
        ):
            answer = sent(scheme, other)
            assert (answer.status, challenge_of(answer).startswith("DPoP")) == (401, True)

    def test_an_id_token_and_a_token_in_the_query_are_none(self, program: Program) -> None:
        assert program.send("GET", f"{ACME}/idp/myaccount/profile?access_token={program.token}").status == 401

    def test_scripts_of_trusted_origins_alone_read_answers(self, program: Program) -> None:
        made = {"name": "shop", "origin": SITE, "scopes": [{"type": "CORS"}]}
        program.here.admin.made("/api/v1/trustedOrigins", made)

        trusted = program.send("GET", "/profile", origin=SITE)
        other = program.send("GET", "/profile", origin="https://evil.example")
        asked = program.send("OPTIONS", "/profile", origin=SITE, access_control_request_headers="authorization")

        assert dict(trusted.headers)["access-control-allow-origin"] == SITE
        assert "access-control-allow-origin" not in dict(other.headers)
        assert (asked.status, dict(asked.headers)["access-control-allow-methods"]) == (204, "GET, HEAD, PUT")

    @pytest.mark.parametrize("path", ["/profile", "/profile/schema", "/emails", "/password", "/authenticators"])
    def test_nothing_of_an_account_is_kept_by_a_cache(self, program: Program, path: str) -> None:
        kept = [value for name, value in program.send("GET", path).headers if name == "cache-control"]

        assert kept == ["no-cache, no-store"]

    def test_no_refusal_is_kept_by_a_cache(self, program: Program) -> None:
        answers = [
            program.send("GET", "/nothing"),
            program.send("GET", "/phones"),
            program.send("PATCH", "/profile", {}),
            program.send("GET", "/emails/x"),
            program.send("GET", "/profile", authorization="Bearer x"),
        ]

        assert [answer.status for answer in answers] == [404, 401, 405, 404, 401]
        for answer in answers:
            assert [value for name, value in answer.headers if name == "cache-control"] == ["no-cache, no-store"]

    def test_whose_deployment_it_is_can_be_read(self, program: Program) -> None:
        first = program.json("GET", "/organization")
        help_url = "https://help.acme.example/"
        program.here.admin.post("/api/v1/org", {"companyName": "Acme", "endUserSupportHelpURL": help_url})
        links = {"self": {"href": f"{ACME}/idp/myaccount/organization", "hints": {"allow": ["GET"]}}}

        assert first == {"name": "acme.example.com", "url": ACME, "_links": links}
        assert program.json("GET", "/organization") == first | {"name": "Acme", "helpLink": help_url}
        program.sign_in(scope="openid okta.myAccount.profile.manage")
        assert program.send("GET", "/organization").status == 403

    def test_what_there_is_not_is_said(self, program: Program) -> None:
        for path in ("/phones", "/phones/x/challenge", "/app-authenticators"):
            assert (program.send("GET", path).status, code_of(program.send("POST", path))) == (401, "E0000015")
        assert program.send("GET", "/nothing").status == 404
        assert program.send("POST", "/profile", {}).status == 405


class TestProfile:
    def test_it_is_read_and_replaced(self, program: Program) -> None:
        read = program.json("GET", "/profile")
        assert list(read) == ["createdAt", "modifiedAt", "profile", "_links"]
        assert read["profile"]["login"] == "ann@acme.example"

        profile = read["profile"] | {"firstName": "Anna"}
        assert program.json("PUT", "/profile", {"profile": profile})["profile"]["firstName"] == "Anna"
        assert program.user.profile["firstName"] == "Anna"

    @pytest.mark.parametrize(
        ("change", "cause"),
        [
            ({"login": "bob@acme.example"}, "Property 'login' is read only."),
            ({"email": "bob@acme.example"}, "You cannot update email attributes"),
            ({"department": "Board"}, "Property 'department' is read only."),
            ({"city": "Bern"}, "Property 'city' does not exist or is not accessible."),
            ({"nope": 1}, "Property 'nope' does not exist or is not accessible."),
            ({"firstName": 7}, "firstName: The value must be of type string."),
            ({"firstName": None}, "firstName: The field cannot be left blank"),
        ],
    )
    def test_what_is_not_theirs_changes_nothing(self, program: Program, change: dict[str, Any], cause: str) -> None:
        before = program.user
        profile = program.json("GET", "/profile")["profile"] | change

        refused = program.json("PUT", "/profile", {"profile": profile}, status=400)

        assert cause in refused["errorCauses"][0]["errorSummary"]
        assert program.user == before

    def test_a_value_that_only_one_may_have_is_not_taken_twice(self, program: Program) -> None:
        number = {"number": {"title": "Number", "type": "string", "unique": "UNIQUE_VALIDATED", **may("READ_WRITE")}}
        schema = {"definitions": {"custom": {"properties": number}}}
        assert program.here.admin.post("/api/v1/meta/schemas/user/default", schema).status == 200
        program.here.user("bob@acme.example", number="7")
        profile = program.json("GET", "/profile")["profile"]

        refused = program.json("PUT", "/profile", {"profile": profile | {"number": "7"}}, status=400)

        assert "already exists" in refused["errorCauses"][0]["errorSummary"]
        assert program.json("PUT", "/profile", {"profile": profile | {"number": "8"}})["profile"]["number"] == "8"

    def test_what_is_left_out_is_not_guessed(self, program: Program) -> None:
        refused = program.json("PUT", "/profile", {"profile": {"firstName": "Anna"}}, status=400)

        assert "'lastName' needs a value passed" in refused["errorCauses"][0]["errorSummary"]
        bodies: tuple[Any, ...] = ({}, {"profile": []}, [], "x")
        for body in bodies:
            assert program.send("PUT", "/profile", body).status == 400

    def test_the_schema_shows_what_they_see(self, program: Program) -> None:
        schemas = program.here.storage.user_schemas
        custom = {"grade": {"title": "Grade", "type": "string", **may("HIDE")}}
        schemas.save(schemas.get(), replace(ProfileSchema(custom=custom), version=schemas.get().version), [])

        properties = program.json("GET", "/profile/schema")["properties"]

        assert properties["firstName"]["permissions"] == {"SELF": "READ_WRITE"}
        assert properties["login"]["permissions"] == {"SELF": "READ_ONLY"}
        assert not {"grade", "city"} & set(properties)


class TestEmails:
    @pytest.mark.parametrize(("role", "name"), [("PRIMARY", "email"), ("SECONDARY", "secondEmail")])
    def test_another_address_is_proved_and_counts(self, program: Program, role: str, name: str) -> None:
        body = {"profile": {"email": "ann@new.example"}, "role": role, "sendEmail": True, "state": "s"}
        made = program.json("POST", "/emails", body, status=201)
        assert (made["status"], made["roles"]) == ("UNVERIFIED", [role])
        assert program.user.profile.get(name) != "ann@new.example"
        listed = program.json("GET", "/emails")
        assert [one["status"] for one in listed] == ["VERIFIED", "UNVERIFIED"]
        verify, poll = made["_links"]["verify"]["href"], made["_links"]["poll"]["href"]
        assert program.json("GET", poll)["status"] == program.json("POST", poll)["status"] == "UNVERIFIED"

        wrong = program.send("POST", verify, {"verificationCode": "000000"})
        assert (wrong.status, code_of(wrong)) == (403, "E0000068")
        assert program.json("POST", verify, {"verificationCode": program.mailed()})["status"] == "VERIFIED"

        assert program.user.profile[name] == "ann@new.example"
        assert [one["status"] for one in program.json("GET", "/emails")][-1] == "VERIFIED"
        assert program.send("POST", verify, {"verificationCode": program.mailed()}).status == 404

    @pytest.mark.parametrize("role", ["PRIMARY", "SECONDARY"])
    def test_an_address_of_somebody_else_is_asked_for_in_vain_and_nobody_is_told(
        self, program: Program, role: str
    ) -> None:
        def told(address: str) -> Any:
            made = program.json("POST", "/emails", {"profile": {"email": address}, "role": role}, status=201)
            return made | dict.fromkeys(("id", "_links", "profile"))

        program.here.user("bob@acme.example")
        free, (code, _) = told("free@acme.example"), program.here.storage.outbox.mails
        program.clock.advance(seconds=6)

        assert told("BOB@acme.example") == free
        mails = [(mail.template, mail.to) for mail in program.here.storage.outbox.mails]
        assert mails[2:] == [("EmailChangeAttempt", "bob@acme.example"), ("PendingEmailChange", "ann@acme.example")]
        assert "verificationToken" not in program.here.storage.outbox.mails[2].values
        assert code.template == "ChangeEmailConfirmation"

    def test_a_code_is_good_for_the_application_that_asked(self, program: Program) -> None:
        made = program.json("POST", "/emails", {"profile": {"email": "ann@new.example"}}, status=201)
        here = program.here
        first, here.client = here.client, here.app("another", grant_types=["authorization_code", "refresh_token"])
        granted(here)
        other = Program(here, program.user_id)
        other.sign_in()

        answer = other.send("POST", made["_links"]["verify"]["href"], {"verificationCode": program.mailed()})

        assert (answer.status, first != here.client) == (404, True)
        assert program.user.email == "ann@acme.example"

    def test_another_code_voids_the_first_and_a_wish_is_taken_back(self, program: Program) -> None:
        body = {"profile": {"email": "ann@new.example"}, "sendEmail": False}
        made = program.json("POST", "/emails", body, status=201)
        assert program.here.storage.outbox.mails == []
        program.clock.advance(seconds=6)
        again = program.json("POST", made["_links"]["challenge"]["href"], status=201)
        assert again["id"] not in made["_links"]["verify"]["href"]

        old = program.send("POST", made["_links"]["verify"]["href"], {"verificationCode": program.mailed()})
        assert old.status == 404
        assert program.send("DELETE", made["_links"]["self"]["href"]).status == 204
        assert len(program.json("GET", "/emails")) == 1
        assert program.send("DELETE", program.json("GET", "/emails")[0]["_links"]["self"]["href"]).status == 400

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"profile": {"email": "ann@acme.example"}},
            {"profile": {"email": "nobody"}},
            {"profile": {"email": 7}},
            {"profile": {"email": "a@b.example"}, "role": "THIRD"},
            {"profile": {"email": "a@b.example"}, "role": []},
            {"profile": {"email": "a@b.example"}, "role": {}},
            {"profile": {"email": "a@b.example"}, "role": None},
            {"profile": {"email": "a@b.example"}, "sendEmail": "yes"},
            {"profile": {"email": "a@b.example\r\nBcc: c@d.example"}},
        ],
    )
    def test_what_is_no_other_address_is_refused(self, program: Program, body: Any) -> None:
        assert program.send("POST", "/emails", body).status == 400
        assert program.here.storage.outbox.mails == []

    def test_guesses_are_few(self, program: Program) -> None:
        made = program.json("POST", "/emails", {"profile": {"email": "ann@new.example"}}, status=201)
        verify = made["_links"]["verify"]["href"]
        for _ in range(5):
            program.send("POST", verify, {"verificationCode": "000000"})

        assert program.send("POST", verify, {"verificationCode": program.mailed()}).status == 404
        assert program.user.email == "ann@acme.example"

    def test_an_old_sign_in_is_not_enough(self, program: Program) -> None:
        program.clock.advance(seconds=301)

        answer = program.send("POST", "/emails", {"profile": {"email": "ann@new.example"}})

        assert answer.status == 401
        assert 'error="insufficient_user_authentication"' in challenge_of(answer)
        assert 'max_age="300"' in challenge_of(answer)

    def test_of_who_has_a_factor_it_is_asked(self, program: Program) -> None:
        app = app_of(program)
        program.sign_in()
        answer = program.send("POST", "/emails", {"profile": {"email": "ann@new.example"}})
        assert (answer.status, "acr_values=" in challenge_of(answer)) == (401, True)

        program.sign_in(lambda: app.code, acr_values="urn:okta:loa:2fa:any")

        assert program.send("POST", "/emails", {"profile": {"email": "ann@new.example"}}).status == 201


class TestPassword:
    def test_it_is_changed_by_the_old_one(self, program: Program) -> None:
        assert program.json("GET", "/password")["status"] == "ACTIVE"
        body = {"oldPassword": "wrong", "newPassword": NEW}
        assert program.send("POST", "/password/change-password", body).status == 403

        assert program.send("POST", "/password/change-password", body | {"oldPassword": PASSWORD}).status == 204

        assert program.here.parts.hashes().fits(NEW, program.user.password.hash)  # type: ignore[union-attr]
        assert program.send("GET", "/password").status == 200  # the token goes on

    def test_who_has_a_factor_shows_it(self, program: Program) -> None:
        app = app_of(program)
        body = {"oldPassword": PASSWORD, "newPassword": NEW}
        refused = program.send("POST", "/password/change-password", body)
        assert (refused.status, code_of(refused)) == (403, "E0000006")

        program.sign_in(lambda: app.code, acr_values="urn:okta:loa:2fa:any")

        assert program.send("POST", "/password/change-password", body).status == 204

    @pytest.mark.parametrize(
        ("profile", "amr", "status"),
        [
            ("OKTA", ["pwd", "mfa"], 403),  # what the server's own claim says, it may have from the user
            ("OKTA", "comfast", 403),
            ("OKTA", 7, 403),
            ("RFC9068", "comfast", 403),
            ("RFC9068", 7, 403),
            ("RFC9068", {"mfa": "mfa"}, 403),
            ("RFC9068", ["pwd", 7], 403),
            ("RFC9068", ["pwd"], 403),
            ("RFC9068", ["pwd", "mfa"], 204),
        ],
    )
    def test_two_factors_are_what_the_server_itself_says(
        self, program: Program, profile: str, amr: Any, status: int
    ) -> None:
        app_of(program)
        base = "/api/v1/authorizationServers"
        made = program.here.admin.made(base, {"name": "shop", "description": "", "audiences": ["api://shop"]})
        answer = program.here.admin.put(f"{base}/{made['id']}/security", {"accessTokenProfile": profile})
        assert answer.status == 200, answer.json
        server = program.here.parts.configuration().read(made["id"]).server
        assert server is not None
        claims = jwt.decode(program.token, options={"verify_signature": False})
        claims |= {"iss": f"{ACME}/oauth2/{made['id']}", "jti": "AT.made", "aud": "api://shop", "amr": amr}
        program.token = program.here.parts.signers().signer(server).sign(claims, typ=type_of(server))

        refused = program.send("POST", "/password/change-password", {"oldPassword": PASSWORD, "newPassword": NEW})

        assert refused.status == status, refused.body

    def test_it_is_replaced_right_after_a_sign_in(self, program: Program) -> None:
        body = {"profile": {"password": NEW}}
        assert program.json("PUT", "/password", body, status=201)["status"] == "ACTIVE"
        program.clock.advance(seconds=301)

        late = program.send("PUT", "/password", {"profile": {"password": PASSWORD + "x"}})

        assert (late.status, 'max_age="300"' in challenge_of(late)) == (401, True)

    def test_a_refreshed_token_is_no_new_sign_in(self, program: Program) -> None:
        program.clock.advance(seconds=301)
        again = program.here.token(grant_type="refresh_token", refresh_token=program.refresh_token)
        program.token = again["access_token"]

        assert program.send("PUT", "/password", {"profile": {"password": NEW}}).status == 401

    @pytest.mark.parametrize("body", [{}, {"profile": {}}, {"profile": {"password": "short"}}, {"profile": "x"}])
    def test_what_would_not_do_is_refused(self, program: Program, body: Any) -> None:
        before = program.user
        assert program.send("PUT", "/password", body).status == 400
        assert program.user == before

    def test_there_is_one_at_a_time_and_the_last_way_in_stays(self, program: Program) -> None:
        taken = program.send("POST", "/password", {"profile": {"password": NEW}})
        assert (taken.status, code_of(taken)) == (409, "E0000157")
        last = program.send("DELETE", "/password")
        assert (last.status, program.user.password is None) == (403, False)

    def test_what_the_policy_does_not_allow_is_refused(self, program: Program) -> None:
        base = "/api/v1/policies"
        (policy,) = (one for one in program.here.admin.get(f"{base}?type=PASSWORD").json if one["system"])
        (rule,) = program.here.admin.get(f"{base}/{policy['id']}/rules").json
        settings = policy["settings"]
        settings["password"]["age"]["minAgeMinutes"] = 60
        settings["password"]["age"]["historyCount"] = 4
        assert program.here.admin.put(f"{base}/{policy['id']}", policy).status == 200
        soon = program.send("PUT", "/password", {"profile": {"password": NEW}})
        assert (soon.status, code_of(soon)) == (403, "E0000080")
        settings["password"]["age"]["minAgeMinutes"] = 0
        program.here.admin.put(f"{base}/{policy['id']}", policy)
        again = program.send("PUT", "/password", {"profile": {"password": PASSWORD}})
        assert (again.status, code_of(again)) == (400, "E0000001")

        rule["actions"]["passwordChange"] = {"access": "DENY"}
        rule["actions"]["selfServicePasswordReset"] = {"access": "DENY"}
        assert program.here.admin.put(f"{base}/{policy['id']}/rules/{rule['id']}", rule).status == 200
        denied = program.send("PUT", "/password", {"profile": {"password": NEW}})
        assert (denied.status, code_of(denied)) == (403, "E0000035")

    def test_guessing_the_old_one_is_braked(self, program: Program) -> None:
        body = {"oldPassword": "wrong", "newPassword": NEW}
        codes = {code_of(program.send("POST", "/password/change-password", body)) for _ in range(12)}

        assert codes <= {"E0000014", "E0000047", "E0000011"}
        assert program.user.status == "LOCKED_OUT"

    def test_the_policy_is_told(self, program: Program) -> None:
        told = program.json("GET", "/password/complexity-requirements")

        assert told["complexity"]["minLength"] == 8


class TestSessions:
    def test_all_end_with_the_tokens(self, program: Program) -> None:
        assert program.here.storage.sessions.of_user(program.user_id)

        assert program.send("DELETE", "/sessions").status == 204

        assert program.here.storage.sessions.of_user(program.user_id) == []
        assert program.send("GET", "/profile").status == 401

    @pytest.mark.parametrize("query", ["oauthTokens=false", "excludeCurrentAuthorizationContext=true"])
    def test_the_caller_is_spared_where_it_says_so(self, program: Program, query: str) -> None:
        assert program.send("DELETE", f"/sessions?{query}").status == 204
        assert program.send("GET", "/profile").status == 200


class TestFactors:
    def test_a_key_is_registered_named_and_removed(self, program: Program) -> None:
        key = SoftwareKey(origin=ACME)
        begun = program.json("POST", "/webauthn/registration", {})
        assert begun["_links"]["enroll"]["href"].endswith("/idp/myaccount/webauthn")
        made = program.json("POST", "/webauthn", key.registered(begun["options"]))
        assert (made["key"], made["status"]) == ("webauthn", "ACTIVE")
        assert program.json("GET", "/webauthn") == [made]
        one = next(one for one in program.json("GET", "/authenticators") if one["key"] == "webauthn")
        enrolments = f"/authenticators/{one['id']}/enrollments"
        (listed,) = program.json("GET", enrolments)

        patch = "application/merge-patch+json;okta-version=1.0.0"
        at = f"{enrolments}/{listed['id']}"
        assert program.json("PATCH", at, {"nickname": " My  key "}, content_type=patch)["nickname"] == "My key"
        assert program.json("PATCH", at, {"nickname": None}, content_type=patch)["nickname"] is None
        assert program.send("PATCH", at, {"nickname": "x" * 61}, content_type=patch).status == 400

        refused = program.send("DELETE", f"/webauthn/{made['id']}")
        assert (refused.status, len(program.json("GET", "/webauthn"))) == (401, 1)  # it has to be shown first

    def test_a_key_goes_after_two_factors(self, program: Program) -> None:
        app = app_of(program)
        program.sign_in(lambda: app.code, acr_values="urn:okta:loa:2fa:any")
        begun = program.json("POST", "/webauthn/registration", {})
        made = program.json("POST", "/webauthn", SoftwareKey(origin=ACME).registered(begun["options"]))
        assert program.json("GET", f"/webauthn/{made['id']}") == made

        assert program.send("DELETE", f"/webauthn/{made['id']}").status == 204
        assert program.send("DELETE", f"/webauthn/{made['id']}").status == 404
        assert program.json("GET", "/webauthn") == []

    def test_the_last_way_in_is_not_removed(self, program: Program) -> None:
        app = app_of(program)
        program.sign_in(lambda: app.code, acr_values="urn:okta:loa:2fa:any")
        begun = program.json("POST", "/webauthn/registration", {})
        answer = SoftwareKey(origin=ACME).registered(begun["options"])
        made = program.json("POST", "/webauthn", answer | {"clientExtensions": '{"credProps":{"rk":true}}'})
        assert program.send("DELETE", "/password").status == 204  # the key is another way
        assert program.json("GET", "/password")["status"] == "NOT_ENROLLED"

        refused = program.send("DELETE", f"/webauthn/{made['id']}")

        assert (refused.status, len(program.json("GET", "/webauthn"))) == (403, 1)
        for method, path in (("PUT", ""), ("DELETE", ""), ("POST", "/change-password")):
            body = {"profile": {"password": NEW}, "oldPassword": PASSWORD, "newPassword": NEW}
            assert program.send(method, f"/password{path}", body).status == 404
        assert program.json("POST", "/password", {"profile": {"password": NEW}}, status=201)["status"] == "ACTIVE"

    def test_without_a_password_no_session_of_before_lives(self, program: Program) -> None:
        app = app_of(program)
        stolen = program.signed_in_browser(lambda: app.code)
        program.clock.advance(seconds=30)
        program.sign_in(lambda: app.code, acr_values="urn:okta:loa:2fa:any")
        begun = program.json("POST", "/webauthn/registration", {})
        answer = SoftwareKey(origin=ACME).registered(begun["options"])
        program.json("POST", "/webauthn", answer | {"clientExtensions": '{"credProps":{"rk":true}}'})
        assert program.is_signed_in(stolen)
        program.json("PUT", "/password", {"profile": {"password": NEW}}, status=201)
        assert not program.is_signed_in(stolen)
        program.clock.advance(seconds=30)
        later = program.signed_in_browser(lambda: app.code, password=NEW)
        program.clock.advance(seconds=5)

        assert program.send("DELETE", "/password").status == 204

        assert (program.user.password, program.user.status) == (None, "ACTIVE")
        assert not program.is_signed_in(stolen)
        assert not program.is_signed_in(later)
        assert program.send("GET", "/profile").status == 200  # the token goes on

    @pytest.mark.parametrize("first", ["the key", "the password", "the link"])
    def test_what_goes_in_between_is_no_other_way_in(self, program: Program, first: str) -> None:
        storage = program.here.storage
        app = app_of(program)
        program.sign_in(lambda: app.code, acr_values="urn:okta:loa:2fa:any")
        begun = program.json("POST", "/webauthn/registration", {})
        answer = SoftwareKey(origin=ACME).registered(begun["options"])
        made = program.json("POST", "/webauthn", answer | {"clientExtensions": '{"credProps":{"rk":true}}'})

        def without_password() -> None:
            storage.users.save(program.user, replace(program.user, password=None), [])

        def without_key() -> None:
            storage.factors.remove(storage.factors.get(program.user_id, made["id"]), [])

        if first == "the key":
            storage.users.save = just_before(storage.users.save, without_key)  # type: ignore[method-assign]
            assert program.send("DELETE", "/password").status == 403
            assert program.user.password is not None
        elif first == "the password":
            storage.factors.remove = just_before(storage.factors.remove, without_password)  # type: ignore[method-assign]
            assert program.send("DELETE", f"/webauthn/{made['id']}").status == 403
            assert len(program.json("GET", "/webauthn")) == 1
        else:
            provider = program.here.provider()
            now = program.clock.now()
            link = IdpLink(provider["id"], program.user_id, "s", now, now)
            storage.idp_links.add(link, [])
            without_password()
            unlinked = just_before(storage.factors.remove, lambda: storage.idp_links.remove(link, []))
            storage.factors.remove = unlinked  # type: ignore[method-assign]
            assert program.send("DELETE", f"/webauthn/{made['id']}").status == 403
            assert len(program.json("GET", "/webauthn")) == 1

    def test_each_authenticator_says_what_the_user_has_of_it(self, program: Program) -> None:
        app_of(program)
        shown = {one["key"]: one for one in program.json("GET", "/authenticators?expand=enrollments")}

        enrolled = {key: len(one["_embedded"]["enrollments"]) for key, one in shown.items()}

        assert (enrolled["okta_password"], enrolled["google_otp"], enrolled["webauthn"]) == (1, 1, 0)
        password = shown["okta_password"]
        at = f"/authenticators/{password['id']}"
        (own,) = program.json("GET", f"{at}/enrollments")
        assert program.json("GET", f"{at}/enrollments/{own['id']}") == own
        assert program.json("GET", at)["key"] == "okta_password"
        assert program.send("PATCH", f"{at}/enrollments/{own['id']}", {"nickname": "x"}).status == 403
        assert program.send("PATCH", f"{at}/enrollments/none", {"nickname": "x"}).status == 404
        assert program.send("PATCH", f"{at}/enrollments/{own['id']}", {"nickname": 7}).status == 400

    def test_where_keys_are_off_none_is_registered(self, program: Program) -> None:
        (one,) = (one for one in program.here.admin.get("/api/v1/authenticators").json if one["key"] == "webauthn")
        program.here.admin.post(f"/api/v1/authenticators/{one['id']}/lifecycle/deactivate")

        answer = program.send("POST", "/webauthn/registration", {})

        assert (answer.status, code_of(answer)) == (403, "E0000038")

    def test_an_answer_to_nothing_registers_nothing(self, program: Program) -> None:
        assert program.send("POST", "/webauthn", {}).status == 404
        begun = program.json("POST", "/webauthn/registration", {})
        elsewhere = SoftwareKey(origin="https://evil.example").registered(begun["options"])

        assert program.send("POST", "/webauthn", elsewhere).status == 400
        assert program.json("GET", "/webauthn") == []

    def test_a_key_is_registered_by_who_has_just_signed_in(self, program: Program) -> None:
        program.clock.advance(seconds=301)

        assert program.send("POST", "/webauthn/registration", {}).status == 401

    def test_nobody_elses_is_there(self, program: Program) -> None:
        program.here.user("bob@acme.example")
        for path in ("/webauthn/fwfBob", "/authenticators/autNone", "/emails/x"):
            assert program.send("GET", path).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/profile", None),
        ("PUT", "/profile", {"profile": {"firstName": "A", "lastName": "Lee"}}),
        ("GET", "/emails", None),
        ("POST", "/emails", {"profile": {"email": "ann@new.example"}}),
        ("POST", "/password/change-password", {"oldPassword": PASSWORD, "newPassword": NEW}),
        ("PUT", "/password", {"profile": {"password": NEW}}),
        ("DELETE", "/sessions?oauthTokens=false", None),
        ("GET", "/authenticators?expand=enrollments", None),
        ("POST", "/webauthn/registration", {}),
    ],
)
def test_a_fault_is_told_and_the_next_try_works(program: Program, method: str, path: str, body: Any) -> None:
    faults = Faults(program.here.storage)
    for position in range(1, 60):
        faults.arm(position)
        answer = program.send(method, path, body)
        reached = faults.seen >= position
        faults.clear()
        if not reached:
            assert answer.status < 300, answer.body
            return
        if answer.status == 503:
            assert "retry-after" in dict(answer.headers)
        else:
            assert answer.status < 300 or (path.startswith("/password") and answer.status in {400, 401, 403}), answer
        program.clock.advance(seconds=6)
    raise AssertionError("never done")


def just_before(call: Callable[..., Any], other: Callable[[], None]) -> Any:
    """The call, and before it, once, what another one does."""
    left = [other]

    def calling(*args: Any, **named: Any) -> Any:
        if left:
            left.pop()()
        return call(*args, **named)

    return calling
