"""``…/security``: what only this service lets a server do, all of it off at first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ...http import Response
from ..errors import ApiProblem
from ..fields import BadField, Field
from ..forms import copied, fill, inputs, now_there, problem_of, see_other, status_of
from ..visit import Visit
from .frame import ServerFrame, api, home

_PROFILES: Final = (
    ("NONE", "none"),
    ("FAPI2", "FAPI 2.0"),
    ("FAPI2_MESSAGE_SIGNING", "FAPI 2.0 with signed messages"),
)
_OFF_ON: Final = (("OFF", "off"), ("ON", "on"))
#: In groups, each with its heading.
SETTINGS: Final[Sequence[tuple[str, Sequence[Field]]]] = (
    (
        "Profile",
        (
            Field(
                "profile",
                "Security profile",
                "choice",
                options=_PROFILES,
                hint="What it leaves out is refused to every client of the server.",
            ),
            Field(
                "accessTokenProfile",
                "Access tokens look",
                "choice",
                options=(("OKTA", "as Okta's"), ("RFC9068", "as RFC 9068 says, too (typ at+jwt, client_id, scope)")),
            ),
            Field("largeAccessTokens", "Access tokens may be large", "flag"),
            Field(
                "statusList",
                "Publish a list of revoked tokens",
                "flag",
                hint="Tokens name their place in it: who verifies them sees revocations without asking (status list).",
            ),
            Field(
                "resourceIndicators",
                "Clients may name a resource (RFC 8707)",
                "choice",
                options=_OFF_ON,
            ),
        ),
    ),
    (
        "Proof of possession (DPoP)",
        (
            Field("dpop.required", "Every client has to prove its key", "flag"),
            Field("dpop.nonceSeconds", "Nonces live, seconds", "number", hint="0: none are asked for."),
            Field("dpop.algorithms", "Algorithms", "list", hint="One on each line."),
        ),
    ),
    (
        "Pushed requests (PAR)",
        (Field("par.lifetimeSeconds", "Pushed requests live, seconds", "number"),),
    ),
    (
        "Userinfo",
        (
            Field("userinfo.acrValues", "Only after sign-ins of these classes", "list", hint="One on each line."),
            Field("userinfo.maxAgeSeconds", "Only so many seconds after it", "number"),
        ),
    ),
    (
        "Acting for others, and workloads",
        (
            Field("tokenExchange.narrowOnly", "An exchanged token is never wider than the one before", "flag"),
            Field(
                "workloadIdentity.grant",
                "Workloads get tokens by a token of their platform alone",
                "flag",
                hint="Without it they authenticate a client with it (client_assertion).",
            ),
        ),
    ),
    (
        "Clients that nobody registered",
        (
            Field(
                "clientRegistration",
                "Registration by the clients themselves",
                "json",
                hint="metadataDocuments: OFF, LISTED, ORIGINS or OPEN; dynamic: OFF, TOKEN or OPEN.",
            ),
        ),
    ),
)
_FIELDS: Final = tuple(field for _, fields in SETTINGS for field in fields)


@dataclass(frozen=True)
class SecurityPage:
    """The settings as a form; what it does not know stays as it is."""

    frame: ServerFrame

    def __call__(self, visit: Visit) -> Response:
        """The form; on POST it is saved."""
        server = self.frame.server(visit)
        path = f"{api(visit)}/security"
        there = settings = visit.api.get(path)
        problem: ApiProblem | BadField | None = None
        if visit.request.method == "POST":
            settings = copied(settings)
            try:
                fill(settings, _FIELDS, visit)
                visit.api.put(path, settings, tag=visit.form.text("tag"))
            except (BadField, ApiProblem) as refused:
                problem = refused
            else:
                return see_other(f"{home(visit)}/security?said=saved")
        again = problem is not None
        values = {
            "groups": [(heading, inputs(visit, fields, settings, again=again)) for heading, fields in SETTINGS],
            "tag": visit.api.tags.get(path, ""),
            "now": now_there(_FIELDS, there, visit) if isinstance(problem, ApiProblem) and problem.came_first else {},
            "problem": problem_of(problem),
        }
        status, guide = status_of(problem), "fapi.md"
        return self.frame.page(
            "server_security.html", visit, server, values, title="Security", guide=guide, status=status
        )
