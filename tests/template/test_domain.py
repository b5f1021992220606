"""The domain of a deployment, and CloudFront in front of it: ``template.yaml`` and ``template-edge.yaml`` together."""

import re
from typing import Any

import pytest
from authmint.keys.rotation import JWKS_MAX_AGE, SKEW
from authmint.local.template import Resolver, load
from authmint.oauth.discovery import MAX_AGE
from authmint.runtime.gateway_events import EDGE_HEADER

from tests.support.repository import CHECKOUT
from tests.support.translated import resources, translated

DOMAIN = {"DomainName": "id.example.com"}
ZONE = DOMAIN | {"HostedZoneId": "Z1"}
EDGE = ZONE | {"EdgeSecret": "s" * 32}
OF_THE_DOMAIN = {"Certificate", "Domain", "DomainMapping"}
EDGE_DOCUMENT = load(CHECKOUT / "template-edge.yaml")


def made(parameters: dict[str, str]) -> dict[str, dict[str, Any]]:
    return resources(translated("prod"), {"Stage": "prod"} | parameters)


def edge(name: str) -> Any:
    parameters = {"DomainName": "id.example.com", "EdgeSecret": f"{'n' * 32},{'o' * 32}", "OriginDomainName": "d-1"}
    return Resolver(EDGE_DOCUMENT, parameters, {}).value(EDGE_DOCUMENT["Resources"][name]["Properties"])


@pytest.mark.parametrize(
    ("parameters", "there"),
    [
        ({}, set()),
        (DOMAIN, set()),
        (ZONE, OF_THE_DOMAIN | {"DomainRecord"}),
        (EDGE, OF_THE_DOMAIN),
    ],
)
def test_the_domain_is_made_where_the_zone_is_known_and_led_to_the_edge_where_there_is_one(
    parameters: dict[str, str], there: set[str]
) -> None:
    assert made(parameters).keys() & (OF_THE_DOMAIN | {"DomainRecord"}) == there


def test_the_domain_leads_to_the_api() -> None:
    there = made(ZONE)

    assert there["Domain"]["Properties"]["DomainName"] == "id.example.com"
    assert there["DomainMapping"]["Properties"] == {
        "ApiId": "Api",
        "DomainName": "Domain",
        "Stage": "ApiApiGatewayDefaultStage",
    }
    assert there["DomainRecord"]["Properties"]["AliasTarget"]["DNSName"] == "local:Domain.RegionalDomainName"


@pytest.mark.parametrize(("parameters", "closed"), [({}, False), (DOMAIN, False), (ZONE, True), (EDGE, True)])
def test_api_gateways_own_name_is_closed_beside_the_domain(parameters: dict[str, str], closed: bool) -> None:
    (server,) = made(parameters)["Api"]["Properties"]["Body"]["servers"]

    assert server["x-amazon-apigateway-endpoint-configuration"] == {"disableExecuteApiEndpoint": closed}


def test_every_function_that_serves_http_knows_the_secret_and_no_other_does() -> None:
    knowing = {
        name for name, resource in made(EDGE).items() if "s" * 32 in str(resource["Properties"].get("Environment", {}))
    }

    assert knowing == {
        f"{name}Function"
        for name in (
            "Discovery", "Jwks", "StatusList", "Token", "Authorize", "Registration", "TokenStatus", "Management",
            "Console",
        )
    }  # fmt: skip
    for document in (translated("prod"), EDGE_DOCUMENT):
        assert document["Parameters"]["EdgeSecret"]["NoEcho"] is True


def test_cloudfront_sends_the_secret_that_the_functions_ask_for() -> None:
    (origin,) = edge("Distribution")["DistributionConfig"]["Origins"]

    assert origin["OriginCustomHeaders"] == [{"HeaderName": EDGE_HEADER, "HeaderValue": "n" * 32}]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


def test_everything_that_clients_send_arrives_and_who_they_are() -> None:
    policy = edge("Everything")["OriginRequestPolicyConfig"]

    assert policy["HeadersConfig"] == {
        "HeaderBehavior": "allViewerAndWhitelistCloudFront",
        "Headers": [
            "CloudFront-Viewer-Address",
            "CloudFront-Viewer-Country",
            "CloudFront-Viewer-Country-Region",
            "CloudFront-Viewer-City",
            "CloudFront-Viewer-Latitude",
            "CloudFront-Viewer-Longitude",
            "CloudFront-Viewer-ASN",
        ],
    }
    assert policy["CookiesConfig"] == {"CookieBehavior": "all"}
    assert policy["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    distribution = edge("Distribution")["DistributionConfig"]
    for behaviour in (distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]):
        assert behaviour["OriginRequestPolicyId"] == "Everything"
        assert {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"} == set(behaviour["AllowedMethods"])


def test_key_sets_lists_and_metadata_are_kept_as_long_as_they_say_and_nothing_else_is() -> None:
    distribution, policy = edge("Distribution")["DistributionConfig"], edge("DocumentCache")["CachePolicyConfig"]
    kept = {behaviour["PathPattern"] for behaviour in distribution["CacheBehaviors"]}
    routes = translated("prod")["Resources"]["Api"]["Properties"]["Body"]["paths"]

    def is_kept(path: str) -> bool:
        asked = re.sub(r"\{[^}]*\}", "x", path)
        return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), asked) for pattern in kept)

    assert {path for path in routes if is_kept(path)} == {
        path for path in routes if "/.well-known/" in path or path.endswith(("/v1/keys", "/v1/status/{list}"))
    }
    assert distribution["DefaultCacheBehavior"]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0)
    # A key is published JWKS_MAX_AGE + SKEW before it signs. What a verifier that does not know Age holds is as old as
    # CloudFront's copy was, and becomes JWKS_MAX_AGE older.
    assert policy["MaxTTL"] + JWKS_MAX_AGE <= JWKS_MAX_AGE + SKEW
    assert policy["MaxTTL"] >= MAX_AGE
    # Metadata tells a client its own (?client_id=).
    keyed = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "all"}


def test_refusals_are_not_kept() -> None:
    responses = edge("Distribution")["DistributionConfig"]["CustomErrorResponses"]

    assert {response["ErrorCachingMinTTL"] for response in responses} == {0}
    assert {400, 403, 404, 500, 503} <= {response["ErrorCode"] for response in responses}


def test_the_firewall_lets_pass_what_oauth_does_by_design() -> None:
    acl = edge("WebAcl")
    (common,) = (rule for rule in acl["Rules"] if rule["Name"] == "common")
    group = common["Statement"]["ManagedRuleGroupStatement"]

    assert acl["Scope"] == "CLOUDFRONT"
    assert {override["Name"] for override in group["RuleActionOverrides"]} >= {
        "SizeRestrictions_QUERYSTRING",  # authorization requests
        "SizeRestrictions_BODY",  # management
        "GenericRFI_QUERYARGUMENTS",  # redirect_uri=http://127.0.0.1:1234/
        "NoUserAgent_HEADER",  # machines
    }


@pytest.mark.parametrize(
    ("path", "limited"),
    [
        ("/signin", True),
        ("/password", True),
        ("/activate", True),
        ("/api/v1/authn", True),
        ("/oauth2/default/v1/token", False),
        ("/api/v1/users", False),
        ("/x/signin", False),
    ],
)
def test_one_address_tries_only_so_many_passwords(path: str, limited: bool) -> None:
    (rule,) = (rule for rule in edge("WebAcl")["Rules"] if rule["Name"] == "sign-ins-of-one-address")
    statement = rule["Statement"]["RateBasedStatement"]

    assert statement["AggregateKeyType"] == "IP"
    pattern = statement["ScopeDownStatement"]["RegexMatchStatement"]["RegexString"]
    assert (re.search(pattern, path) is not None) is limited
