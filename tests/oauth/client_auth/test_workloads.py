"""docs/protocol.md §46: tokens of Kubernetes, GitHub, AWS and SPIFFE are clients, and nothing else is."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.http import Response
from authmint.oauth.client_auth.workloads import is_role, is_role_pattern
from authmint.storage.servers import People
from authmint.storage.trusted_issuers import TrustedIssuer
from authmint.storage.workload_bindings import WorkloadBinding

from tests.oauth.engine import Engine
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client, a_form, a_policy, a_rule, a_server, basic
from tests.support.dpop import Key
from tests.support.fakes import NOW, decoded
from tests.support.outside import Issuer

OURS = f"{BASE_URL}/oauth2/{SERVER_ID}"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REFUSAL = "Client authentication failed. Either the client or the client credentials are invalid."
AWS = "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws"
ACCOUNT, ORG = "123456789012", "o-a1b2c3d4e5"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/orders-worker"
DETAILS = {"aws_account": ACCOUNT, "org_id": ORG, "source_region": "eu-central-1", "principal_tags": {"team": "a"}}
OTHER_ORG = DETAILS | {"org_id": "o-zzzzzzzzzz"}
#: Issuer, what binds the client, what its tokens say.
PLATFORMS: dict[str, tuple[str, WorkloadBinding, dict[str, Any]]] = {
    "kubernetes": (
        "https://kubernetes.example",
        WorkloadBinding("https://kubernetes.example", claims={"sub": "system:serviceaccount:shop:orders"}),
        {"sub": "system:serviceaccount:shop:orders", "exp": NOW + 3_600, "jti": None, "aud": [OURS]},
    ),
    "github": (
        "https://token.actions.githubusercontent.com",
        WorkloadBinding(
            "https://token.actions.githubusercontent.com",
            claims={"repository_id": "1", "repository_owner_id": "2", "environment": "production"},
        ),
        {"sub": "repo:a/b", "repository_id": "1", "repository_owner_id": "2", "environment": "production"},
    ),
    "aws": (
        AWS,
        WorkloadBinding(AWS, accounts=(ACCOUNT,), organization=ORG, roles=(f"arn:aws:iam::{ACCOUNT}:role/orders-*",)),
        {"sub": ROLE, "https://sts.amazonaws.com/": DETAILS},
    ),
    "spiffe": (
        "https://spiffe.example",
        WorkloadBinding("https://spiffe.example", claims={"sub": "spiffe://shop.example/orders"}),
        {"sub": "spiffe://shop.example/orders", "jti": None},
    ),
}


class World:
    """A server that trusts a platform, and a client that is bound to a workload there."""

    def __init__(self, platform: str = "aws", algorithm: str = "RS256", *, grants: bool = False, **entry: Any) -> None:
        url, self.binding, self.said = PLATFORMS[platform]
        self.platform = Issuer(url, algorithm)
        self.grants = grants
        kinds = ("client_credentials", GRANT)
        client = a_client(
            auth_method="private_key_jwt", secrets=(), workload_bindings=(self.binding,), grant_types=kinds
        )
        values: dict[str, Any] = {"jwks_uri": f"{url}/keys", "algorithms": ("RS256", "ES256", "ES384")}
        issuer = replace(TrustedIssuer("tis1", url, "WORKLOAD", NOW, NOW), **values | entry)
        policies = (a_policy(a_rule(grant_types=kinds)),)
        server = a_server(trusted_issuers=(issuer,), policies=policies, workload_grant=grants)
        self.engine = Engine(server, client)
        self.engine.documents |= self.platform.documents

    def token(self, header: Any = None, **changes: Any) -> str:
        return self.platform.token(header, **{"aud": OURS, **self.said, **changes})

    def ask(self, token: str, *, client_id: str = CLIENT_ID, **more: str) -> Response:
        form = {"grant_type": "client_credentials", "scope": "orders:read", "client_id": client_id}
        form |= {"client_assertion_type": ASSERTION, "client_assertion": token} | more
        return self.engine.token(a_form({name: value for name, value in form.items() if value}))

    def grant(self, token: str, **more: str) -> Response:
        """The same where the token is the grant itself; the client is named, unless ``client_id`` is empty."""
        form = {"grant_type": GRANT, "scope": "orders:read", "client_id": CLIENT_ID, "assertion": token} | more
        return self.engine.token(a_form({name: value for name, value in form.items() if value}))

    def refused(self, answer: Response) -> str:
        """The reason, of which the client hears nothing."""
        said = decoded(answer.body)
        if self.grants:
            assert (answer.status, said) == (400, {"error": "invalid_grant", "error_description": "Invalid grant"})
        else:
            assert (answer.status, said) == (401, {"error": "invalid_client", "error_description": REFUSAL})
        return self.engine.events.emitted[-1].reason or ""

    def change(self, **changes: Any) -> None:
        client = self.engine.storage.clients.get(CLIENT_ID)
        self.engine.storage.clients.save(client, replace(client, **changes), [])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_workload_gets_a_token_without_a_secret(platform: str) -> None:
    world = World(platform)

    answer = decoded(world.ask(world.token()).body)

    assert world.engine.state(answer["access_token"], _introspect(world, answer["access_token"]))["cid"] == CLIENT_ID
    assert "refresh_token" not in answer


def _introspect(world: World, token: str) -> Any:
    """By the workload itself: every endpoint takes its tokens."""
    form = {"token": token, "client_id": CLIENT_ID, "client_assertion_type": ASSERTION}
    return a_form(form | {"client_assertion": world.token()}, path="introspect")


#: What is wrong, where, and what the log says.
WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "forged: another key": ("aws", {"key": Key("RS256").private}, "wl_signature"),
    "forged: unknown kid": ("aws", {"header": {"kid": "other"}}, "wl_signature"),
    "forged: a secret": ("aws", {"header": {"alg": "HS256"}, "key": b"k" * 32}, "wl_signature"),
    "another algorithm": ("aws", {"header": {"alg": "ES384"}, "key": Key("ES384").private}, "wl_signature"),
    "another account's issuer": ("aws", {"iss": AWS.replace("1", "9")}, "wl_unknown_issuer"),
    "a slash at the issuer": ("aws", {"iss": f"{AWS}/"}, "wl_unknown_issuer"),
    "the client itself": ("aws", {"iss": CLIENT_ID, "sub": CLIENT_ID}, "wl_unknown_issuer"),
    "another kind": ("aws", {"header": {"typ": "client-authentication+jwt"}}, "wl_type"),
    "another server": ("aws", {"aud": f"{BASE_URL}/oauth2/other"}, "wl_audience"),
    "the token endpoint": ("aws", {"aud": f"{OURS}/v1/token"}, "wl_audience"),
    "two audiences": ("aws", {"aud": [OURS, "https://else.example"]}, "wl_audience"),
    "no audience": ("aws", {"aud": None}, "wl_audience"),
    "the cluster": ("kubernetes", {"aud": "https://kubernetes.default.svc"}, "wl_audience"),
    "over": ("aws", {"iat": NOW - 60, "exp": NOW}, "wl_expired"),
    "no end": ("kubernetes", {"exp": None}, "wl_expired"),
    "no beginning": ("aws", {"iat": None}, "wl_expired"),
    "of the future": ("aws", {"iat": NOW + 16}, "wl_expired"),
    "an hour and more, of AWS": ("aws", {"exp": NOW + 3_601}, "wl_expired"),
    "a day and more": ("kubernetes", {"exp": NOW + 86_401}, "wl_expired"),
    "another role": ("aws", {"sub": f"arn:aws:iam::{ACCOUNT}:role/admin"}, "wl_condition"),
    "a role of another account": ("aws", {"sub": ROLE.replace(ACCOUNT, "999999999999")}, "wl_condition"),
    "an assumed role": ("aws", {"sub": f"arn:aws:sts::{ACCOUNT}:assumed-role/orders-worker/i"}, "wl_condition"),
    "another account": (
        "aws",
        {"https://sts.amazonaws.com/": DETAILS | {"aws_account": "999999999999"}},
        "wl_condition",
    ),
    "another organization": (
        "aws",
        {"https://sts.amazonaws.com/": DETAILS | {"org_id": "o-zzzzzzzzzz"}},
        "wl_condition",
    ),
    "no details": ("aws", {"https://sts.amazonaws.com/": None}, "wl_condition"),
    "what the caller says": (
        "aws",
        {"https://sts.amazonaws.com/": {"request_tags": DETAILS}},
        "wl_condition",
    ),
    "no jti": ("aws", {"jti": None}, "wl_condition"),
    "another repository of the name": ("github", {"repository_id": "3"}, "wl_condition"),
    "a pull request": ("github", {"environment": None}, "wl_condition"),
    "a number": ("github", {"repository_id": 1}, "wl_condition"),
    "another account of a namespace": ("kubernetes", {"sub": "system:serviceaccount:shop:orders2"}, "wl_condition"),
    "another case": ("spiffe", {"sub": "spiffe://shop.example/Orders"}, "wl_condition"),
}


#: As a grant, an assertion of a client's kind is one of somebody who has to authenticate.
TRIED = [(what, grants) for what in WRONG for grants in (False, True) if not (grants and what == "another kind")]


@pytest.mark.parametrize(("what", "grants"), TRIED)
def test_each_thing_that_is_wrong_is_refused_alike(what: str, grants: bool) -> None:
    platform, changes, reason = WRONG[what]
    world = World(platform, grants=grants)
    sent = world.grant if grants else world.ask
    changes = dict(changes)
    if (issuer := changes.pop("iss", None)) is not None:
        other = Issuer(issuer, "RS256")
        token = other.token(changes.pop("header", None), **{"aud": OURS, **world.said, **changes})
    else:
        token = world.token(**changes)

    assert world.refused(sent(token)) == reason
    assert sent(world.token()).status == 200


def test_aws_chooses_between_two_algorithms() -> None:
    world = World("aws", "ES384")

    assert world.ask(world.token()).status == 200


@pytest.mark.parametrize(
    ("platform", "once"), [("aws", True), ("github", True), ("kubernetes", False), ("spiffe", False)]
)
def test_a_token_counts_once_where_the_platform_makes_one_for_each_use(platform: str, once: bool) -> None:
    world = World(platform)
    token = world.token(jti="j-1")
    assert world.ask(token).status == 200

    answer = world.ask(token)

    if once:
        assert world.refused(answer) == "wl_replayed"
    else:
        assert answer.status == 200


def test_a_refused_request_uses_nothing_up() -> None:
    world = World()
    token = world.token()

    assert world.ask(token, scope="unknown").status == 400
    assert world.ask(token).status == 200


def test_nobody_is_asked_about_an_issuer_that_is_not_trusted_or_not_bound() -> None:
    world = World()
    stranger = Issuer("https://stranger.example", "RS256")
    assert world.refused(world.ask(stranger.token(aud=OURS, sub=ROLE))) == "wl_unknown_issuer"
    world.change(workload_bindings=(replace(world.binding, issuer="https://else.example"),))
    assert world.refused(world.ask(world.token())) == "wl_unknown_issuer"
    assert world.refused(world.ask(world.token({"alg": "ES512"}, key=Key("ES512").private))) == "wl_unknown_issuer"

    assert world.engine.fetched == []


def test_an_issuer_for_people_or_one_that_is_off_is_not_for_workloads() -> None:
    for change in ({"use": "ID_JAG"}, {"status": "INACTIVE"}, {"client_ids": ("0oaB",)}):
        world = World(**change)

        assert world.refused(world.ask(world.token())) == "wl_unknown_issuer"


def test_a_binding_can_have_an_audience_of_its_own() -> None:
    world = World("kubernetes")
    world.change(workload_bindings=(replace(world.binding, audience="orders"),))

    assert world.refused(world.ask(world.token())) == "wl_audience"
    assert world.ask(world.token(aud="orders")).status == 200


def test_one_of_several_bindings_is_enough_and_halves_of_two_are_not() -> None:
    world = World("github")
    first = replace(world.binding, claims={"repository_id": "1", "environment": "production"})
    second = replace(world.binding, claims={"repository_id": "9", "environment": "staging"})
    world.change(workload_bindings=(first, second))

    assert world.ask(world.token(repository_id="9", environment="staging")).status == 200
    assert world.refused(world.ask(world.token(repository_id="9"))) == "wl_condition"


def test_an_old_token_can_be_refused_before_it_ends() -> None:
    world = World("kubernetes", max_age=600)
    token = world.token()
    world.engine.clock.advance(seconds=601)

    assert world.refused(world.ask(token)) == "wl_expired"


def test_keys_of_a_private_cluster_are_rotated_by_hand() -> None:
    world = World("kubernetes", jwks_uri=None, jwks=())
    storage = world.engine.storage
    for _ in range(2):
        server = storage.servers.get(SERVER_ID)
        entry = replace(server.trusted_issuers[0], jwks=(world.platform.jwk,))
        storage.servers.save(server, replace(server, trusted_issuers=(entry,)), [])
        assert world.ask(world.token()).status == 200
        world.platform.rotate()
        assert world.refused(world.ask(world.token())) == "wl_signature"
    assert world.engine.fetched == []


def test_keys_that_cannot_be_had_are_refused_like_everything_else() -> None:
    world = World()
    world.engine.documents[f"{world.platform.url}/keys"] = b"{}"

    assert world.refused(world.ask(world.token())) == "wl_keys"


def test_a_bound_client_is_nothing_else() -> None:
    world = World()
    world.change(secrets=a_client().secrets)
    asked = {"grant_type": "client_credentials", "scope": "orders:read"}

    assert world.engine.token(a_form(asked, headers=basic())).status == 401
    assert world.engine.token(a_form(asked | {"client_id": CLIENT_ID})).status == 401
    assert world.ask(world.token(), client_id="").status == 401, "the token does not say which client it is"
    assert world.ask(world.token(), client_id="0oaB").status == 401


def test_an_unbound_client_takes_no_words_of_others() -> None:
    world = World()
    world.change(workload_bindings=())

    answer = world.ask(world.token())

    assert (answer.status, world.engine.events.emitted[-1].reason) == (401, "client_assertion_invalid_issuer")


def test_a_deactivated_client_stays_out() -> None:
    world = World()
    world.change(status="INACTIVE")

    assert world.ask(world.token()).status == 401


B = f"arn:aws:iam::{ACCOUNT}:role/"


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        (f"{B}orders-worker", f"{B}orders-worker", True),
        (f"{B}orders-*", f"{B}orders-worker", True),
        (f"{B}orders-*", f"{B}orders-a/b", False),
        (f"{B}svc/*", f"{B}svc/orders", True),
        (f"{B}svc/*", f"{B}svc/a/b", False),
        (f"{B}*", f"{B}svc/orders", False),
        (f"{B}*", f"{B}orders", True),
        (f"{B}orders", f"{B}orders-evil", False),
        (f"{B}orders", f"{B}Orders", False),
        (f"{B}orders", f"{B}orders\n", False),
        (f"{B}orders", f"arn:aws:sts::{ACCOUNT}:assumed-role/orders/i-1", False),
        (f"{B}orders-*", f"{B}orders-*", False),
        (f"{B}o.ders", f"{B}orders", False),
        ("arn:aws-cn:iam::123456789012:role/x", "arn:aws-cn:iam::123456789012:role/x", True),
        ("arn:aws-cn:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x", False),
    ],
)
def test_roles_match_whole_and_within_a_segment(pattern: str, arn: str, matches: bool) -> None:
    assert is_role_pattern(pattern)
    assert is_role(arn, pattern) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        "*",
        "arn:aws:iam::*:role/orders",
        "arn:aws:iam::12345678901*:role/orders",
        "arn:aws:iam::123456789012:user/x",
        "arn:*:iam::123456789012:role/x",
        f"{B}",
        f"{B}a**",
        f"{B}/x",
        f"{B}a b",
        f"{B}ü",
        f"{B}x\n",
    ],
)
def test_what_is_no_role_is_refused(pattern: str) -> None:
    assert not is_role_pattern(pattern)


def test_account_and_role_have_to_agree_and_to_be_listed() -> None:
    world = World()
    world.change(workload_bindings=(replace(world.binding, accounts=(), organization=None),))
    other = {"https://sts.amazonaws.com/": DETAILS | {"aws_account": "999999999999"}}
    assert world.ask(world.token()).status == 200
    assert world.refused(world.ask(world.token(**other))) == "wl_condition"

    world.change(workload_bindings=(replace(world.binding, accounts=("999999999999",)),))
    assert world.refused(world.ask(world.token())) == "wl_condition"


def test_a_security_profile_takes_its_own_algorithms_of_platforms_too() -> None:
    world, strong = World(), World("aws", "ES256")
    for each in (world, strong):
        each.change(security_profile="FAPI2")

    assert world.refused(world.ask(world.token())) == "wl_signature"
    assert decoded(strong.ask(strong.token()).body)["error"] == "invalid_dpop_proof", "known, and asked for its key"


# The token as the grant itself (RFC 7523 §2.1)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_token_alone_is_enough_where_the_issuers_entry_names_the_client(platform: str) -> None:
    world = World(platform, grants=True, client_ids=("0oaGONE", CLIENT_ID))

    answer = decoded(world.grant(world.token(aud=f"{OURS}/"), client_id="").body)

    token = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (token["cid"], token["sub"], token["scp"]) == (CLIENT_ID, CLIENT_ID, ["orders:read"])
    assert "uid" not in token
    assert set(answer) == {"token_type", "expires_in", "access_token", "scope"}
    event = world.engine.events.emitted[-1]
    assert event.debug["subject_token_issuer"] == world.platform.url
    assert world.engine.state(answer["access_token"], _introspect(world, answer["access_token"]))["active"] is True


def test_a_token_alone_names_nobody_where_the_entry_does_not() -> None:
    world = World(grants=True)

    assert world.refused(world.grant(world.token(), client_id="")) == "wl_condition"
    assert world.engine.fetched == [], "nor is anybody asked"
    assert world.grant(world.token()).status == 200


def test_of_several_clients_that_are_bound_to_it_the_request_has_to_name_one() -> None:
    world = World("kubernetes", grants=True, client_ids=(CLIENT_ID, "0oaB"))
    client = world.engine.storage.clients.get(CLIENT_ID)
    other = a_client(
        id="0oaB",
        auth_method="private_key_jwt",
        secrets=(),
        workload_bindings=client.workload_bindings,
        grant_types=client.grant_types,
    )
    world.engine.storage.clients.add(other, [])

    assert world.refused(world.grant(world.token(), client_id="")) == "wl_condition"
    for name in (CLIENT_ID, "0oaB"):
        token = decoded(world.grant(world.token(), client_id=name).body)["access_token"]
        assert jwt.decode(token, options={"verify_signature": False})["cid"] == name
    world.engine.storage.clients.save(
        other := world.engine.storage.clients.get("0oaB"), replace(other, status="INACTIVE"), []
    )
    assert world.grant(world.token(), client_id="").status == 200
    assert world.refused(world.grant(world.token(), client_id="0oaB")) == "wl_condition"
    assert world.refused(world.grant(world.token(), client_id="0oaNOBODY")) == "wl_unknown_issuer"


def test_it_is_off_until_a_server_has_it_on() -> None:
    world = World(client_ids=(CLIENT_ID,))

    for named in (CLIENT_ID, ""):
        answer = world.grant(world.token(), client_id=named)
        assert (answer.status, decoded(answer.body)["error"]) == (401, "invalid_client")
    assert world.engine.fetched == []


def test_it_is_for_the_token_endpoint_alone() -> None:
    world = World("kubernetes", grants=True, client_ids=(CLIENT_ID,))
    token = decoded(world.grant(world.token()).body)["access_token"]
    form = {"grant_type": GRANT, "assertion": world.token(), "token": token, "client_id": CLIENT_ID}

    for answer in (
        world.engine.introspect(a_form(form, path="introspect")),
        world.engine.revoke(a_form(form, path="revoke")),
    ):
        assert decoded(answer.body)["error"] == "invalid_client"
    assert world.engine.state(token, _introspect(world, token))["active"] is True


def test_the_client_has_to_have_the_grant_type_and_a_rule_has_to_name_it() -> None:
    world = World("kubernetes", grants=True, client_ids=(CLIENT_ID,))
    world.change(grant_types=("client_credentials",))
    assert decoded(world.grant(world.token()).body)["error"] == "unauthorized_client"
    world.change(grant_types=("client_credentials", GRANT))
    storage = world.engine.storage.servers

    def with_rule(**changes: Any) -> Response:
        server = storage.get(SERVER_ID)
        storage.save(server, replace(server, policies=(a_policy(a_rule(**changes)),)), [])
        return world.grant(world.token())

    assert decoded(with_rule(grant_types=("client_credentials",)).body)["error"] == "access_denied"
    about_people = People(groups_include=("EVERYONE",))
    assert decoded(with_rule(grant_types=(GRANT,), people=about_people).body)["error"] == "access_denied"
    assert with_rule(grant_types=(GRANT,)).status == 200


def test_scopes_are_those_that_a_client_has_by_itself() -> None:
    world = World("kubernetes", grants=True, client_ids=(CLIENT_ID,))

    for scope in ("openid", "unknown", "offline_access"):
        assert decoded(world.grant(world.token(), scope=scope).body)["error"] == "invalid_scope"


def test_a_token_of_a_platform_is_beside_no_other_credential() -> None:
    world = World("kubernetes", grants=True, client_ids=(CLIENT_ID,))
    world.engine.storage.clients.add(a_client(id="0oaB", grant_types=(GRANT,)), [])
    form = {"grant_type": GRANT, "assertion": world.token(), "scope": "orders:read"}

    assert world.engine.token(a_form(form, headers=basic("0oaB"))).status == 401
    assert world.engine.events.emitted[-1].reason == "jwt_bearer_grant_invalid_issuer"
    assert world.engine.token(a_form(form | {"client_secret": "x"})).status == 401
    assert world.engine.token(a_form(form, headers={"authorization": "Bearer x"})).status == 401


def test_a_used_one_is_refused_as_a_grant_and_as_an_assertion() -> None:
    world = World("aws", grants=True, client_ids=(CLIENT_ID,))
    token = world.token()

    assert world.grant(token).status == 200
    assert world.refused(world.grant(token, client_id="")) == "wl_replayed"
    assert decoded(world.ask(token).body)["error"] == "invalid_client"


def test_who_guesses_is_stopped() -> None:
    world = World("kubernetes", grants=True, client_ids=(CLIENT_ID,))
    wrong = world.token(sub="system:serviceaccount:shop:other")

    most = world.engine.parts.settings.client_failures

    answers = [world.grant(wrong, client_id="").status for _ in range(most + 1)]

    assert answers == [400] * most + [429]
