"""What userinfo says (runtime contract §12)."""

from dataclasses import replace

from authmint.claims.compiled import CompiledClaims
from authmint.management.system_objects import system_claims
from authmint.oidc.userinfo import userinfo
from authmint.storage.servers import Claim

from tests.claims.contexts import W
from tests.support.builders import a_server
from tests.support.fakes import CountingIds


def test_all_claims_of_the_granted_scopes_are_in_and_the_subject_cannot_be_changed() -> None:
    claims = (
        *system_claims(CountingIds()),
        Claim("ocl1", "team", "IDENTITY", "EXPRESSION", "'blue'", always_include=False, scopes=("email",)),
        Claim("ocl2", "sub", "IDENTITY", "EXPRESSION", "'somebody else'"),
        Claim("ocl3", "in_access_tokens", "RESOURCE", "EXPRESSION", "'x'"),
    )

    said = userinfo(CompiledClaims(a_server(claims=claims)), replace(W, scopes=("openid", "email")), "00uWINSTON")

    assert said == {
        "sub": "00uWINSTON",
        "email": "winston.churchill@gmail.com",
        "email_verified": False,
        "team": "blue",
    }
