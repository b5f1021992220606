"""``…/analysis``: what is wrong with a server's configuration, told without a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from ...http import Response
from ..errors import ApiProblem
from ..forms import problem_of, status_of
from ..visit import Visit
from .frame import ServerFrame, api

#: Why a rule can never match, in English.
REASONS: Final[Mapping[str, str]] = {
    "inactive": "it is not active",
    "no_rules": "the policy has no rules",
    "no_clients": "the policy is for no client that exists",
    "no_client_has_the_grant_types": "no client of the policy may use its grant types",
    "no_grant_types": "it names no grant type that can be used",
    "no_scopes": "it permits no scope that exists",
    "nobody_is_included": "it is for nobody",
    "shadowed": "rules before it take every request",
}


@dataclass(frozen=True)
class AnalysisPage:
    """What the API finds, each with the way to where it is mended."""

    frame: ServerFrame

    def __call__(self, visit: Visit) -> Response:
        """Everything that was found; of a scope, who can get it, and how."""
        server, scope = self.frame.server(visit), visit.query("scope").strip()
        found = visit.api.get(f"{api(visit)}/analysis")
        ways, problem = None, None
        if scope:
            try:
                ways = visit.api.get(f"{api(visit)}/analysis?{urlencode({'scope': scope})}")["ways"]
            except ApiProblem as refused:
                problem = refused
        values = {
            "found": found,
            "scope": scope,
            "ways": ways,
            "reasons": REASONS,
            "nothing": not any(found.values()),
            "problem": problem_of(problem),
        }
        guide, status = "explanations-and-logs.md", status_of(problem)
        return self.frame.page(
            "server_analysis.html", visit, server, values, title="Analysis", guide=guide, status=status
        )
