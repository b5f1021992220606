"""What functions have in common, and what they are made of. Heavy imports stay inside, so each loads what it uses."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..clock import SystemClock
from ..deadline import Deadline
from ..http import Request, Response
from ..ids import RandomIds
from ..storage.retrying import Retrying
from .entrypoint import Function
from .settings import BadSettings, Settings

if TYPE_CHECKING:
    from ..directory.authentication import Authenticator
    from ..directory.password_change import PasswordChange
    from ..dynamo.tables import Tables
    from ..oauth.endpoint import AuthenticatedEndpoint
    from ..pages.browsers import CookieBrowsers
    from ..storage.configuration import Configuration
    from ..storage.directory import Directory
    from ..web.render import Renderer


class Parts:
    """What every function is made of."""

    def __init__(self, env: Mapping[str, str]) -> None:
        from ..dynamo.connection import SharedConnection
        from ..dynamo.tables import tables
        from .aws_session import session
        from .logging import Log

        self.settings = Settings.from_env(env)
        self.deadline = Deadline()
        self.retrying = Retrying(self.deadline.allows_an_attempt)
        self.clock = SystemClock()
        self.ids = RandomIds(self.clock)
        self.log: Log = Log(self.settings.service, self.clock)
        self.session = session(self.deadline)
        self.tables: Tables = tables(
            SharedConnection(self.session),
            config=self.settings.config_table,
            grants=self.settings.grants_table,
            events=self.settings.events_table,
            clock=self.clock,
            retrying=self.retrying,
        )

    def configuration(self) -> "Configuration":
        from ..dynamo.configuration import WarmConfiguration

        return WarmConfiguration(self.tables, self.clock, staleness=self.settings.staleness_ms)

    def authenticator(self) -> "Authenticator":
        from ..directory.authentication import Authenticator
        from ..directory.passwords import PasswordHashes
        from ..directory.rate_limit import RateLimit
        from ..dynamo.directory import DynamoDirectory
        from ..dynamo.replay import DynamoUsedAssertions
        from ..dynamo.users import DynamoUsers

        return Authenticator(
            DynamoDirectory(self.tables, self.clock),
            DynamoUsers(self.tables, self.clock),
            PasswordHashes(self.ids),
            self.clock,
            self.ids,
            retrying=self.retrying,
            limit=RateLimit(DynamoUsedAssertions(self.tables, self.ids), most=4, seconds=1),
        )

    def password_change(self) -> "PasswordChange":
        from ..directory.password_change import PasswordChange
        from ..directory.passwords import PasswordHashes, PasswordPolicy
        from ..dynamo.users import DynamoUsers

        users = DynamoUsers(self.tables, self.clock)
        return PasswordChange(users, PasswordHashes(self.ids), self.clock, self.ids, PasswordPolicy(), self.retrying)

    def renderer(self) -> "Renderer":
        from ..pages.documents import TEMPLATES
        from ..web.render import Renderer
        from ..web.theme import BadTheme, Theme

        text = self.settings.theme
        try:
            theme = Theme() if text is None else Theme.parse(text)
        except BadTheme as error:
            raise BadSettings(f"AUTHMINT_THEME: {error}") from None
        return Renderer(theme, self.ids, TEMPLATES)

    def browsers(self, directory: "Directory") -> "CookieBrowsers":
        from ..dynamo.sessions import DynamoSessions
        from ..pages.browsers import CookieBrowsers, SessionSettings

        lifetimes = SessionSettings(self.settings.session_idle, self.settings.session_lifetime)
        return CookieBrowsers(DynamoSessions(self.tables, self.ids), directory, self.ids, lifetimes)

    def kms(self) -> tuple[Any, str]:
        """KMS client and key, for functions that answer at once."""
        from ..kms.client import client

        return client(self.session), self._kms_key()

    def administrative_kms(self) -> tuple[Any, str]:
        """The same by boto3, for functions that create keys."""
        from ..kms.client import administrative_client

        return administrative_client(self.session), self._kms_key()

    def _kms_key(self) -> str:
        if self.settings.kms_key_id is None:
            raise BadSettings("AUTHMINT_KMS_KEY_ID is not set")
        return self.settings.kms_key_id

    def authenticated(self, configuration: "Configuration", kms: tuple[Any, str]) -> "AuthenticatedEndpoint":
        from functools import partial

        from ..dynamo.replay import DynamoUsedAssertions
        from ..kms.seals import KmsSeals
        from ..oauth.client_auth.assertions import Assertions
        from ..oauth.client_auth.authentication import ClientAuthentication
        from ..oauth.client_auth.jwks_uri import FetchedJwks
        from ..oauth.endpoint import AuthenticatedEndpoint
        from ..oauth.outbound_fetch import fetch

        assertions = Assertions(
            DynamoUsedAssertions(self.tables, self.ids),
            KmsSeals(*kms),
            FetchedJwks(partial(fetch, allow_private=self.settings.allow_private_jwks_uri, left=self.deadline.left)),
        )
        return AuthenticatedEndpoint(configuration, ClientAuthentication(assertions))


Endpoint = Callable[[Request], Response]


def on_first_use(make: Callable[[], Endpoint]) -> Endpoint:
    """An endpoint that is put together when it is first asked: a cold start pays for what its first request needs."""
    made = cache(make)
    return lambda request: made()(request)


def new_function(parts: Parts, http: Any, failure: Any, direct: Any = None) -> Function:
    """A function with what the parts say of its surroundings."""
    return Function(http, failure, parts.log.report, direct, parts.settings.base_url, parts.deadline)


def server_error(request: Request) -> Response:
    """500 of the protocol endpoints."""
    from ..oauth.cors import with_cors
    from ..oauth.errors import OAuthError

    return with_cors(OAuthError("server_error").response(request.base_url))
