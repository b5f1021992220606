"""The parts of ``/account``: profile, password, sessions, applications, providers, data."""

import json
from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Request
from authmint.self_service.refusals import NotDone
from authmint.storage.errors import NotFound
from authmint.storage.factors import Credential, Factor
from authmint.storage.roles import RoleAssignment
from authmint.storage.schemas import ProfileSchema
from authmint.storage.sign_on_history import PastSignIn
from authmint.storage.users import Provider

from tests.support.fakes import FrozenClock

from .hosted import NEW_PASSWORD, PASSWORD, Browser, Hosted, header, shown
from .own_account import a_provider, agreed, let_people_go, linked, may, user_of

SECTIONS = ("profile", "password", "sessions", "apps", "providers", "data")


@pytest.fixture
def browser() -> Browser:
    """Ann's, who has just signed in by a password."""
    browser = Browser(Hosted(), user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    browser.sign_in("/signin")
    return browser


def at(browser: Browser, section: str) -> str:
    answer = browser.get(f"/account/{section}")
    assert answer.status == 200, answer
    return shown(answer)


def change_user(browser: Browser, **changes: Any) -> None:
    users, before = browser.hosted.storage.users, user_of(browser)
    users.save(before, replace(before, **changes), [])


def events_of(browser: Browser) -> list[str]:
    return [event.type for event in browser.hosted.storage.events]


def clock_of(browser: Browser) -> FrozenClock:
    assert isinstance(browser.hosted.clock, FrozenClock)
    return browser.hosted.clock


@pytest.mark.parametrize("section", SECTIONS)
def test_each_part_is_behind_a_fresh_proof_and_comes_back(browser: Browser, section: str) -> None:
    assert header(Browser(browser.hosted).get(f"/account/{section}"), "location") == f"/signin?account={section}"
    clock_of(browser).advance(seconds=301)

    answer = browser.get(f"/account/{section}")
    assert header(answer, "location").startswith("/challenge?state=")
    browser.get(header(answer, "location"))
    assert header(browser.post("/challenge", password=PASSWORD), "location") == f"/account/{section}"
    at(browser, section)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("way", ["another form", "none", "late"])
def test_a_form_that_is_not_ours_or_waited_too_long_changes_nothing(browser: Browser, section: str, way: str) -> None:
    agreed(browser)
    a_provider(browser)
    Browser(browser.hosted).sign_in("/signin")
    at(browser, "profile" if section != "profile" else "password")
    fields = browser.fields if way != "none" else {}
    if way == "late":
        at(browser, section)
        fields = browser.fields
        clock_of(browser).advance(seconds=301)
    before = (user_of(browser), set(browser.hosted.storage.sessions.records), events_of(browser))

    answer = browser.post_pairs(f"/account/{section}", (fields | {"act": "others", "new": "x"}).items())

    assert answer.status == (303 if way == "late" else 400)
    assert (user_of(browser), set(browser.hosted.storage.sessions.records), events_of(browser)) == before


class TestProfile:
    def test_what_is_theirs_is_changed_and_told(self, browser: Browser) -> None:
        at(browser, "profile")

        answer = browser.post("/account/profile", **{"profile.firstName": " Anna ", "profile.mobilePhone": "<b>A"})

        assert header(answer, "location") == "/account/profile"
        assert (user_of(browser).profile["firstName"], user_of(browser).profile["mobilePhone"]) == ("Anna", "<b>A")
        assert "user.account.update_profile" in events_of(browser)
        assert "&lt;b&gt;A" in browser.get("/account/profile").body.decode()

    def test_the_schema_says_what_is_seen_and_changed(self, browser: Browser) -> None:
        storage = browser.hosted.storage
        schema = ProfileSchema(
            custom={
                "colour": {"title": "Colour", "type": "string", "enum": ["red", "blue"], **may("READ_WRITE")},
                "salary": {"title": "Salary", "type": "integer", **may("HIDE")},
                "grade": {"title": "Grade", "type": "string", **may("READ_ONLY")},
                "unsaid": {"title": "Unsaid", "type": "string"},
                "age": {"title": "Age", "type": "integer", **may("READ_WRITE")},
                "news": {"title": "News", "type": "boolean", **may("READ_WRITE")},
                "langs": {"title": "Langs", "type": "array", "items": {"type": "string"}, **may("READ_WRITE")},
            },
            base={"title": may("READ_ONLY"), "nickName": may("HIDE")},
        )
        storage.user_schemas.save(storage.user_schemas.get(), schema, [])
        profile = {**user_of(browser).profile, "salary": 7_777_777, "grade": "A7", "unsaid": "U1", "title": "Dr."}
        change_user(browser, profile=profile)

        page = at(browser, "profile")
        names = {name for name in browser.fields if name.startswith("profile.")}
        assert "7777777" not in page
        assert all(text in page for text in ("A7", "U1", "Dr.", "ann@example.com"))
        assert not names & {"profile.salary", "profile.grade", "profile.unsaid", "profile.title"}
        assert not names & {"profile.login", "profile.email", "profile.secondEmail"}

        typed = {"colour": "red", "age": "7", "news": "true", "langs": "de\n\nen\n"}
        browser.post("/account/profile", **{f"profile.{name}": value for name, value in typed.items()})
        expected = {"colour": "red", "age": 7, "news": True, "langs": ["de", "en"]}
        assert expected.items() <= user_of(browser).profile.items()
        sneaked = {"salary": "1", "grade": "B", "title": "Prof.", "login": "bob", "email": "bob@example.com"}
        before = user_of(browser).profile
        at(browser, "profile")
        browser.post("/account/profile", **{f"profile.{name}": value for name, value in sneaked.items()})
        assert user_of(browser).profile == before

        for bad in ({"age": "seven"}, {"news": "perhaps"}, {"colour": "green"}, {"firstName": ""}):
            at(browser, "profile")
            refused = browser.post("/account/profile", **{f"profile.{name}": value for name, value in bad.items()})
            assert (refused.status, user_of(browser).profile) == (422, before)

    def test_what_a_provider_says_is_the_providers(self, browser: Browser) -> None:
        a_provider(browser, profile_master=True)
        change_user(browser, provider=Provider("FEDERATION", "Corp", "0oaC", mastered=("firstName",)))
        at(browser, "profile")

        assert "profile.firstName" not in browser.fields
        browser.post("/account/profile", **{"profile.firstName": "Mallory", "profile.lastName": "Lee"})

        assert (user_of(browser).profile["firstName"], user_of(browser).profile["lastName"]) != ("Mallory", "Lee")
        assert user_of(browser).profile["lastName"] == "Lee"


class TestPassword:
    def change(self, browser: Browser, **changes: str) -> Any:
        at(browser, "password")
        return browser.post("/account/password", old=PASSWORD, new=NEW_PASSWORD, repeated=NEW_PASSWORD, **changes)

    def test_others_are_signed_out_and_this_browser_is_not(self, browser: Browser) -> None:
        other = Browser(browser.hosted)
        other.sign_in("/signin")
        (first, _) = browser.hosted.storage.sessions.records.values()
        clock_of(browser).advance(seconds=5)

        answer = self.change(browser, revoke="yes")

        assert (answer.status, "was changed" in shown(answer)) == (200, True)
        assert header(other.get("/account"), "location") == "/signin?account=1"
        at(browser, "password")
        assert user_of(browser).token_generation == 1
        sessions = browser.hosted.storage.sessions.records.values()
        assert max(session.expires_at for session in sessions) == first.expires_at  # it lives no longer
        assert [mail.template for mail in browser.hosted.storage.outbox.mails][-1:] == ["PasswordChanged"]
        assert Browser(browser.hosted).sign_in("/signin", NEW_PASSWORD).status == 303

    def test_tokens_go_on_where_the_box_is_not_ticked(self, browser: Browser) -> None:
        clock_of(browser).advance(seconds=5)
        self.change(browser)

        assert user_of(browser).token_generation == 0

    @pytest.mark.parametrize(
        ("typed", "status"),
        [
            ({"old": "wrong"}, 403),
            ({"repeated": "other"}, 422),
            ({"new": "short", "repeated": "short"}, 422),
            ({"new": PASSWORD, "repeated": PASSWORD}, 422),
        ],
    )
    def test_what_does_not_fit_changes_nothing(self, browser: Browser, typed: dict[str, str], status: int) -> None:
        before = user_of(browser).password
        at(browser, "password")
        sent = {"old": PASSWORD, "new": NEW_PASSWORD, "repeated": NEW_PASSWORD} | typed

        assert browser.post("/account/password", **sent).status == status
        assert user_of(browser).password == before

    def test_somebody_without_one_sets_the_first(self, browser: Browser) -> None:
        change_user(browser, password=None)
        at(browser, "password")
        assert "old" not in browser.fields

        browser.post("/account/password", new=NEW_PASSWORD, repeated=NEW_PASSWORD)

        assert Browser(browser.hosted).sign_in("/signin", NEW_PASSWORD).status == 303

    def test_somebody_of_a_company_sets_none(self, browser: Browser) -> None:
        at(browser, "password")
        fields = browser.fields | {"new": NEW_PASSWORD, "repeated": NEW_PASSWORD}
        change_user(browser, password=None, provider=Provider("FEDERATION", "Corp", "0oaC"))
        assert "cannot be changed here" in at(browser, "password")

        answer = browser.post_pairs("/account/password", fields.items())

        assert (answer.status, user_of(browser).password) == (409, None)


class TestSessions:
    def test_each_is_listed_and_ends(self, browser: Browser) -> None:
        other = Browser(browser.hosted, user_agent="Mozilla/5.0 (Macintosh) Safari/605")
        other.sign_in("/signin")
        page = at(browser, "sessions")
        assert all(text in page for text in ("Firefox (Windows)", "Safari", "192.0.2.1", "this browser"))

        browser.post("/account/sessions", act="end")

        assert header(other.get("/account"), "location") == "/signin?account=1"
        assert len(browser.hosted.storage.sessions.records) == 1
        assert "user.session.end" in events_of(browser)

    def test_all_others_end(self, browser: Browser) -> None:
        for _ in range(3):
            Browser(browser.hosted).sign_in("/signin")
        at(browser, "sessions")

        browser.post("/account/sessions", act="others")

        assert len(browser.hosted.storage.sessions.records) == 1
        at(browser, "sessions")

    def test_nobody_elses_ends(self, browser: Browser) -> None:
        sessions = browser.hosted.storage.sessions
        (mine,) = sessions.records.values()
        sessions.add(replace(mine, digest="theirs", id="102theirs", user_id="00uB"))
        Browser(browser.hosted).sign_in("/signin")  # so that there is a form
        at(browser, "sessions")
        before = set(sessions.records)

        assert browser.post("/account/sessions", act="end", session="102theirs").status == 303

        assert set(sessions.records) == before


class TestApps:
    def test_what_was_agreed_to_is_taken_back(self, browser: Browser) -> None:
        storage = browser.hosted.storage
        agreed(browser)
        agreed(browser, user_id="00uB", number=2)
        page = at(browser, "apps")
        assert all(text in page for text in ("Orders", "See your orders", "also when you are away"))

        browser.post("/account/apps", act="withdraw")

        assert storage.families.get("oar1").revoked_because == "user"
        assert storage.consents.of_user("00uA") == []
        assert storage.families.get("oar2").revoked_at is None
        assert len(storage.consents.of_user("00uB")) == 1
        assert {"app.oauth2.as.consent.revoke.user", "app.oauth2.token.revoke.implicit.user"} <= set(events_of(browser))
        assert "No application" in at(browser, "apps")

    def test_of_what_is_gone_the_id_is_shown(self, browser: Browser) -> None:
        agreed(browser, client_id="0oaGone")
        assert "0oaGone" in at(browser, "apps")

        browser.post("/account/apps", act="withdraw")

        assert browser.hosted.storage.families.get("oar1").revoked_at is not None


class TestProviders:
    def test_a_link_is_removed(self, browser: Browser) -> None:
        a_provider(browser)
        linked(browser)
        assert "Corp 0oaC" in at(browser, "providers")

        browser.post("/account/providers", act="unlink")

        assert browser.hosted.storage.idp_links.of_user("00uA") == []
        assert "user.idp.link.delete" in events_of(browser)

    def test_the_last_way_in_stays(self, browser: Browser) -> None:
        for idp_id in ("0oaC", "0oaD"):
            a_provider(browser, idp_id)
            linked(browser, idp_id)
        change_user(browser, password=None)
        at(browser, "providers")

        assert browser.post("/account/providers", act="unlink", idp="0oaC").status == 303
        at(browser, "providers")
        refused = browser.post("/account/providers", act="unlink", idp="0oaD")

        assert refused.status == 409
        assert [one.idp_id for one in browser.hosted.storage.idp_links.of_user("00uA")] == ["0oaD"]

    def test_a_provider_that_is_off_is_no_way_in(self, browser: Browser) -> None:
        provider = a_provider(browser)
        a_provider(browser, "0oaD")
        for idp_id in ("0oaC", "0oaD"):
            linked(browser, idp_id)
        providers = browser.hosted.storage.identity_providers
        providers.save(provider, replace(provider, status="INACTIVE"), [], seen=providers.all())
        change_user(browser, password=None)
        at(browser, "providers")

        assert browser.post("/account/providers", act="unlink", idp="0oaD").status == 409

    @pytest.mark.parametrize("discoverable", [True, False])
    def test_a_passkey_that_is_found_without_a_name_is_a_way_in(self, browser: Browser, discoverable: bool) -> None:
        a_provider(browser)
        linked(browser)
        storage, now = browser.hosted.storage, browser.hosted.clock.now()
        at(browser, "providers")
        key = Credential("c", "k", "acme.example.com", "h", discoverable=discoverable)
        made = Factor("fwfK", "00uA", "webauthn", "ACTIVE", now, now, provider="FIDO", credential=key)
        storage.factors.add(made, [])
        change_user(browser, password=None)
        links = browser.hosted.self_service().links

        if not discoverable:
            with pytest.raises(NotDone):
                links.remove("00uA", "0oaC", browser_request(browser))
            return
        links.remove("00uA", "0oaC", browser_request(browser))
        assert storage.idp_links.of_user("00uA") == []
        with pytest.raises(NotDone):
            links.ways.beside_factor("00uA", storage.factors.get("00uA", "fwfK"))

    def test_a_key_that_is_switched_off_is_no_way_in(self, browser: Browser) -> None:
        a_provider(browser)
        linked(browser)
        storage, now = browser.hosted.storage, browser.hosted.clock.now()
        key = Credential("c", "k", "acme.example.com", "h", discoverable=True)
        made = Factor("fwfK", "00uA", "webauthn", "ACTIVE", now, now, provider="FIDO", credential=key)
        storage.factors.add(made, [])
        change_user(browser, password=None)
        listed = storage.authenticators.get()
        off = replace(listed.of("webauthn"), status="INACTIVE")
        storage.authenticators.save(listed, listed.with_changed(off), [])
        at(browser, "providers")

        assert browser.post("/account/providers", act="unlink", idp="0oaC").status == 409
        assert [one.idp_id for one in storage.idp_links.of_user("00uA")] == ["0oaC"]

    def test_who_keeps_the_profile_stays(self, browser: Browser) -> None:
        a_provider(browser, profile_master=True)
        linked(browser)
        change_user(browser, provider=Provider("FEDERATION", "Corp", "0oaC"))
        at(browser, "providers")

        assert browser.post("/account/providers", act="unlink").status == 409
        assert len(browser.hosted.storage.idp_links.of_user("00uA")) == 1

    def test_somebody_goes_there_to_be_linked(self, browser: Browser) -> None:
        a_provider(browser)
        assert "Link another account" in at(browser, "providers")

        answer = browser.post("/account/providers", act="link")

        assert header(answer, "location").startswith("https://idp.example/auth?")
        assert "prompt=login" in header(answer, "location")

    @pytest.mark.parametrize("why", ["no linking", "excluded", "another group", "administrator", "inactive", "none"])
    def test_whom_it_is_not_offered_to_it_refuses(self, browser: Browser, why: str) -> None:
        storage = browser.hosted.storage
        changes: dict[str, dict[str, Any]] = {
            "no linking": {"link": False},
            "excluded": {"link_excluded": ("00uA",)},
            "another group": {"link_groups": ("00gOther",)},
        }
        provider = a_provider(browser, **changes.get(why, {}))
        a_provider(browser, "0oaX")
        at(browser, "providers")
        fields = browser.fields
        if why == "administrator":
            a_role(browser)
        if why == "inactive":
            providers = storage.identity_providers
            providers.save(provider, replace(provider, status="INACTIVE"), [], seen=providers.all())
        assert "Corp 0oaC" not in at(browser, "providers") or why == "none"

        idp = "0oaNone" if why == "none" else "0oaC"
        answer = browser.post_pairs("/account/providers", (fields | {"act": "link", "idp": idp}).items())

        assert answer.status == 409


def browser_request(browser: Browser) -> Request:
    return Request("POST", "/account/providers", browser.base_url)


def a_role(browser: Browser) -> None:
    roles = browser.hosted.storage.roles
    book = roles.get()
    roles.save(book, book.having("USER", "00uA", (RoleAssignment("ra1", "HELP_DESK_ADMIN", 1, 1),)), [])


class TestData:
    def test_a_copy_holds_everything_and_no_secret(self, browser: Browser) -> None:
        a_provider(browser)
        linked(browser)
        agreed(browser)
        at(browser, "data")
        histories, now = browser.hosted.storage.histories, browser.hosted.clock.now()
        past = PastSignIn(now, "198.51.100.7", 3, device="a digest", country="DE", city="Ulm", point=(48.4, 10.0))
        histories.save(histories.get("00uA"), replace(histories.get("00uA"), sign_ins=(past,), override="HIGH"))

        answer = browser.post("/account/data", act="export")

        told = json.loads(answer.body)
        assert "attachment" in header(answer, "content-disposition")
        assert header(answer, "cache-control") == "no-store"
        assert told["profile"]["login"] == told["account"]["login"] == "ann@example.com"
        assert [one["browser"] for one in told["sessions"]] == ["Firefox (Windows)"]
        (sign_in,) = told["signIns"]
        assert {"times": 3, "address": "198.51.100.7", "city": "Ulm"}.items() <= sign_in.items()
        assert told["applications"][0]["access"][0]["scopes"] == ["orders:read", "x"]
        assert told["identityProviders"][0]["externalId"] == "s-0oaC"
        text = answer.body.decode()
        (session,) = browser.hosted.storage.sessions.records.values()
        secrets: tuple[str, ...] = (user_of(browser).password.hash, session.csrf, session.digest, "sealed", "$argon2")
        assert not any(secret in text for secret in secrets)

    def test_deleting_is_off_at_first(self, browser: Browser) -> None:
        assert "deleted by administrators" in at(browser, "data")

        answer = browser.post("/account/data", act="delete", confirm="ann@example.com")

        assert (answer.status, user_of(browser).status) == (409, "ACTIVE")

    def test_the_account_ends_with_everything(self, browser: Browser) -> None:
        let_people_go(browser)
        agreed(browser)
        other = Browser(browser.hosted)
        other.sign_in("/signin")
        at(browser, "data")
        assert browser.post("/account/data", act="delete", confirm="bob").status == 422
        at(browser, "data")

        answer = browser.post("/account/data", act="delete", confirm=" Ann@Example.com ")

        assert (answer.status, "is deleted" in shown(answer)) == (200, True)
        with pytest.raises(NotFound):
            user_of(browser)
        assert browser.hosted.storage.sessions.records == {}
        assert browser.hosted.storage.consents.of_user("00uA") == []
        assert events_of(browser)[-2:] == ["user.lifecycle.deactivate", "user.lifecycle.delete.initiated"]
        assert header(other.get("/account"), "location") == "/signin?account=1"
        assert browser.sign_in("/signin").status == 403 or "alert" in browser.answer.body.decode()

    def test_nobody_who_administers_is_deleted(self, browser: Browser) -> None:
        let_people_go(browser)
        a_role(browser)
        assert "administer" in at(browser, "data")

        answer = browser.post("/account/data", act="delete", confirm="ann@example.com")

        assert (answer.status, user_of(browser).status) == (409, "ACTIVE")

    def test_nobody_of_a_directory_is_deleted(self, browser: Browser) -> None:
        let_people_go(browser)
        change_user(browser, external_id="e-1")
        at(browser, "data")

        assert browser.post("/account/data", act="delete", confirm="ann@example.com").status == 409
