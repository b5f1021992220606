"""docs/protocol.md §46: tokens of Kubernetes, GitHub, AWS and SPIFFE are clients, and nothing else is."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Response
from authmint.oauth.client_auth.workloads import is_role, is_role_pattern
from authmint.storage.trusted_issuers import TrustedIssuer
from authmint.storage.workload_bindings import WorkloadBinding

from tests.oauth.engine import Engine
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client, a_form, a_server, basic
from tests.support.dpop import Key
from tests.support.fakes import NOW, decoded
from tests.support.outside import Issuer

OURS = f"{BASE_URL}/oauth2/{SERVER_ID}"
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

    def __init__(self, platform: str = "aws", algorithm: str = "RS256", **entry: Any) -> None:
        url, self.binding, self.said = PLATFORMS[platform]
        self.platform = Issuer(url, algorithm)
        client = a_client(auth_method="private_key_jwt", secrets=(), workload_bindings=(self.binding,))
        values: dict[str, Any] = {"jwks_uri": f"{url}/keys", "algorithms": ("RS256", "ES256", "ES384")}
        issuer = replace(TrustedIssuer("tis1", url, "WORKLOAD", NOW, NOW), **values | entry)
        self.engine = Engine(a_server(trusted_issuers=(issuer,)), client)
        self.engine.documents |= self.platform.documents

    def token(self, header: Any = None, **changes: Any) -> str:
        return self.platform.token(header, **{"aud": OURS, **self.said, **changes})

    def ask(self, token: str, *, client_id: str = CLIENT_ID, **more: str) -> Response:
        form = {"grant_type": "client_credentials", "scope": "orders:read", "client_id": client_id}
        form |= {"client_assertion_type": ASSERTION, "client_assertion": token} | more
        return self.engine.token(a_form({name: value for name, value in form.items() if value}))

    def refused(self, answer: Response) -> str:
        """The reason, of which the client hears nothing."""
        assert answer.status == 401
        assert decoded(answer.body) == {"error": "invalid_client", "error_description": REFUSAL}
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


@pytest.mark.parametrize("what", WRONG)
def test_each_thing_that_is_wrong_is_refused_alike(what: str) -> None:
    platform, changes, reason = WRONG[what]
    world = World(platform)
    changes = dict(changes)
    if (issuer := changes.pop("iss", None)) is not None:
        other = Issuer(issuer, "RS256")
        token = other.token(changes.pop("header", None), **{"aud": OURS, **world.said, **changes})
    else:
        token = world.token(**changes)

    assert world.refused(world.ask(token)) == reason
    assert world.ask(world.token()).status == 200


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
