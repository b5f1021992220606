"""What the token function loads before a claim asks for it."""

import subprocess
import sys

import pytest

HEAVY = ["re2", "iso3166", "zoneinfo", "authmint.expressions.parser", "authmint.expressions.evaluate"]
CODE = """
import sys
from tests.support.builders import a_server
from authmint.claims.compiled import CompiledClaims
from authmint.expressions.facts import AppFacts, Facts
from authmint.claims.names import SUBJECT
from authmint.oauth.token_endpoint import TokenEndpoint
from authmint.storage.servers import Claim

claims = (Claim("1", "sub", "RESOURCE", "EXPRESSION", SUBJECT, system=True), {claim})
CompiledClaims(a_server(claims=claims)).access_token(Facts(AppFacts("a", "a", "a"), ("s",), 0))
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("claim", "loaded"),
    [
        ("Claim('2', 'x', 'IDENTITY', 'SYSTEM')", []),
        ("Claim('2', 'x', 'RESOURCE', 'GROUPS', 'a')", []),
        (
            "Claim('2', 'x', 'RESOURCE', 'EXPRESSION', 'app.id')",
            ["authmint.expressions.parser", "authmint.expressions.evaluate"],
        ),
    ],
)
def test_regular_expressions_countries_zones_and_the_language_are_loaded_when_needed(
    claim: str, loaded: list[str]
) -> None:
    code = CODE.replace("{claim}", claim)

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert [name for name in HEAVY if name in out.stdout.split()] == loaded
