"""What the endpoints with client authentication share: one read for server and client, then the proof."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from ..http import Request
from ..storage.clients import Client
from ..storage.configuration import Configuration, Snapshot
from ..storage.liveness import NotAlive, check_client, check_server
from ..storage.servers import AuthorizationServer, issuer_of, server_named
from . import form as forms
from .client_auth.audience import Audiences, audiences_of
from .client_auth.authentication import ClientAuthentication, Presented, presented, workload_in
from .errors import OAuthError, TooManyRequests
from .security_profile import NO_PROFILE, Profile, profile_of

if TYPE_CHECKING:
    from ..jose.jws import Jws
    from ..rate_limit import RateLimit
    from .client_auth.assertions import Spend

#: Whose failures are counted together where a request names no client.
_WORKLOAD: Final = "~workload"


@dataclass(frozen=True)
class Call:
    """An authenticated call of an endpoint of one server.

    Attributes:
        resources: That it names, as they were sent.
        profile: What is asked of it beyond what everybody is asked.
        workload: The token of a platform that the client is, where that is the grant, too.
    """

    server: AuthorizationServer
    issuer: str
    client: Client
    form: Mapping[str, str]
    now: int
    resources: tuple[str, ...] = ()
    spend: "Spend | None" = None
    profile: Profile = NO_PROFILE
    workload: "Jws | None" = None

    def confirm(self) -> None:
        """Use up the client's credential where it counts once. The last thing before anything is given or changed.

        Raises:
            OAuthError: Another request used it first.
            Unavailable: Storage could not answer.
        """
        if self.spend is not None:
            self.spend()


def live_server(snapshot: Snapshot) -> AuthorizationServer:
    """The server of a request.

    Raises:
        OAuthError: It does not exist, or is not ACTIVE.
    """
    try:
        return check_server(snapshot.server)
    except NotAlive as dead:
        raise OAuthError("invalid_authorization_server", reason=str(dead)) from None


def live_client(snapshot: Snapshot) -> Client:
    """The client of a request.

    Raises:
        OAuthError: It does not exist, or is not ACTIVE.
    """
    try:
        return check_client(snapshot.client)
    except NotAlive as dead:
        raise OAuthError("invalid_client_id", reason=str(dead)) from None


class AuthenticatedEndpoint:
    """Reads the form, finds server and client in one round trip, authenticates the client."""

    def __init__(
        self,
        configuration: Configuration,
        authentication: ClientAuthentication,
        failures: "Callable[[], RateLimit]",
    ) -> None:
        """``failures``: makes what counts failed authentications, when there is a first one."""
        self._configuration = configuration
        self._authentication = authentication
        self._failures = cache(failures)

    def open(
        self,
        request: Request,
        *,
        endpoint: str,
        now: int,
        also: Sequence[str] = (),
        read: Callable[[Request], forms.Form] = forms.read,
    ) -> Call:
        """Read the form, find server and client, and authenticate the client.

        Args:
            request: With path parameter ``authServerId``; without one the org server is meant.
            endpoint: Path below the server's, as in ``/v1/token``: an audience of client assertions.
            now: Unix seconds.
            also: Paths of further endpoints that are audiences of client assertions here.
            read: Gives the parameters of the request.

        Raises:
            OAuthError: Before anything was changed.
        """
        form = read(request)
        about: dict[str, str] = {"grant_type": form.values.get("grant_type", "")[:100]}
        try:
            return self._open(request, form, about, endpoints=(endpoint, *also), now=now)
        except OAuthError as error:
            error.about = about
            raise

    def _open(
        self, request: Request, form: forms.Form, about: dict[str, str], *, endpoints: Sequence[str], now: int
    ) -> Call:
        credential: Presented | None = None
        refused: OAuthError | None = None
        try:
            credential = presented(request, form.values)
        except OAuthError as error:
            refused = error
        server_id = server_named(request.path_parameters.get("authServerId"))
        about |= {"authorization_server": server_id[:64]}
        if credential is not None:
            about |= {"client_id": credential.client_id[:100], "client_auth_type": credential.kind}
        snapshot = self._configuration.read(server_id, credential.client_id if credential else None)
        server = live_server(snapshot)
        if server.workload_grant and endpoints[0] == "/v1/token":
            credential = workload_in(request, form.values) or credential
        if credential is None:
            raise refused or OAuthError("missing_client_credentials")
        issuer, profile, known = issuer_of(server, request.base_url), NO_PROFILE, snapshot.client
        if server.security_profile != "NONE" or (known is not None and known.security_profile != "NONE"):
            profile = profile_of(server, known)  # nearly nobody asks for one

        def audiences() -> Audiences:
            return audiences_of(server, request.base_url, endpoints, profile)

        try:
            client, spend = self._authentication.verify(
                credential, known, server=server, issuer=issuer, audiences=audiences, profile=profile, now=now
            )
        except OAuthError as error:
            if error.code == "invalid_client" or credential.kind == "workload":
                self._count_failure(request, credential.client_id or _WORKLOAD, now)
            raise
        if client is not known:
            profile = profile_of(server, client)
        return Call(
            server=server,
            issuer=issuer,
            client=client,
            form=form.values,
            now=now,
            resources=form.resources,
            spend=spend,
            profile=profile,
            workload=credential.assertion if credential.kind == "workload" else None,
        )

    def _count_failure(self, request: Request, client_id: str, now: int) -> None:
        """Who fails pays for being counted; who succeeds is not.

        Raises:
            TooManyRequests: This client failed too often from this address.
        """
        from ..rate_limit import network_of

        allowance = self._failures().take(f"{client_id} {network_of(request.source_ip)}", now=now)
        if not allowance.allowed:
            raise TooManyRequests("client_rate_limited", allowance)
