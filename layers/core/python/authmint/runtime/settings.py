"""What functions read from their environment (``template.yaml`` sets it; ``docs/operations.md`` lists it)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final, Self

from .gateway_events import ViewerFacts

#: Plain http is for a machine of one's own.
_SCHEMES: Final = ("https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:")
DEFAULT_KEY_RETENTION: Final = 90_000
DEFAULT_SESSION_IDLE: Final = 7_200
DEFAULT_SESSION_LIFETIME: Final = 43_200
#: A minute.
DEFAULT_SIGN_INS: Final = 300
DEFAULT_CLIENT_FAILURES: Final = 60
DEFAULT_DEVICE_CODES: Final = 60
DEFAULT_ADMIN_CALLS: Final = 1_000
DEFAULT_MAILS_PER_DAY: Final = 10_000
_MOST_A_MINUTE: Final = 1_000_000
_SHORTEST_SECRET: Final = 32
_MOST_POINTS: Final = 1_000


class BadSettings(Exception):
    """The environment is incomplete or wrong. The message names the variable and what it should be."""


@dataclass(frozen=True)
class Settings:
    """What one function reads from its environment.

    Attributes:
        service, namespace: Of metrics and log lines. Stages have namespaces of their own.
        base_url: Scheme and host that clients use; ``None``: API Gateway's own domain name.
        key_retention: Seconds that an expired signing key stays published.
        staleness_ms: Milliseconds for which the token functions may use what they read before; 0: never.
        session_idle, session_lifetime: Seconds after which an unused session, and any session, is over.
        theme: JSON; what the pages look like.
        assertions_since: Unix seconds; single-use client assertions that were issued before are refused.
        sign_ins: A minute, from one address, to pages and API.
        client_failures: A minute: failed authentications of one client from one address.
        device_codes: A minute, of one client for one address.
        admin_calls: A minute, of the management API with one token.
        edge_secrets: What CloudFront says to show that it is ours; the first is the one in use. Empty: it is not there.
        mail_from: Address that mail comes from; ``None``: none is sent.
        mail_configuration_set: Of SES, by which it tells what comes back; ``None``: it tells nobody.
        mails_per_day: Of the whole deployment.
        risk_weights: Points of signals of risk, and from how many on a level begins, by their names.
        viewer_facts: Whose word is taken for where requests come from: CloudFront's, or, on a local stack, anybody's.
        services_need_roles: Whether service apps that have no role may do nothing; else their scopes decide alone.
        signed_answers: Whether userinfo and introspection sign what they say, for who asks.
        console_secret: The console's client secret and the key of its cookies are derived from it; ``None``: it is off.
        mtls_url: The domain where clients show certificates; ``None``: there is none. Then ``base_url`` is set as well.
        api_url: Where the console calls the deployment, where that is not where browsers find it.
        allow_private_jwks_uri: Local stack only: ``jwks_uri`` may be plain http and a private address.
    """

    service: str
    namespace: str
    config_table: str
    grants_table: str | None = None
    events_table: str | None = None
    kms_key_id: str | None = None
    base_url: str | None = None
    key_retention: int = DEFAULT_KEY_RETENTION
    staleness_ms: int = 0
    session_idle: int = DEFAULT_SESSION_IDLE
    session_lifetime: int = DEFAULT_SESSION_LIFETIME
    theme: str | None = None
    allow_private_jwks_uri: bool = False
    assertions_since: int = 0
    sign_ins: int = DEFAULT_SIGN_INS
    client_failures: int = DEFAULT_CLIENT_FAILURES
    device_codes: int = DEFAULT_DEVICE_CODES
    admin_calls: int = DEFAULT_ADMIN_CALLS
    edge_secrets: tuple[str, ...] = ()
    mail_from: str | None = None
    mail_configuration_set: str | None = None
    mails_per_day: int = DEFAULT_MAILS_PER_DAY
    viewer_facts: ViewerFacts = "none"
    services_need_roles: bool = False
    risk_weights: Mapping[str, int] = field(default_factory=dict)
    signed_answers: bool = False
    console_secret: str | None = field(default=None, repr=False)
    api_url: str | None = None
    mtls_url: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """The settings of an environment. Raises BadSettings where a variable is missing or wrong."""
        base_url = env.get("AUTHMINT_BASE_URL") or None
        if base_url is not None and (not base_url.startswith(_SCHEMES) or base_url[-1] == "/"):
            raise BadSettings("AUTHMINT_BASE_URL must be https://host without a slash at the end")
        mtls_url = env.get("AUTHMINT_MTLS_URL") or None
        if mtls_url is not None and (
            base_url in {None, mtls_url} or not mtls_url.startswith("https://") or mtls_url[-1] == "/"
        ):
            raise BadSettings(
                "AUTHMINT_MTLS_URL must be https://host, another one than AUTHMINT_BASE_URL, which it needs"
            )
        return cls(
            service=env.get("POWERTOOLS_SERVICE_NAME", "authmint"),
            namespace=env.get("POWERTOOLS_METRICS_NAMESPACE", "authmint"),
            config_table=_required(env, "AUTHMINT_CONFIG_TABLE"),
            grants_table=env.get("AUTHMINT_GRANTS_TABLE") or None,
            events_table=env.get("AUTHMINT_EVENTS_TABLE") or None,
            kms_key_id=env.get("AUTHMINT_KMS_KEY_ID") or None,
            base_url=base_url,
            key_retention=_number(env, "AUTHMINT_KEY_RETENTION", DEFAULT_KEY_RETENTION, 87_000, 31_536_000),
            staleness_ms=_number(env, "AUTHMINT_STALENESS_MS", 0, 0, 60_000),
            session_idle=_number(env, "AUTHMINT_SESSION_IDLE", DEFAULT_SESSION_IDLE, 300, 31_536_000),
            session_lifetime=_number(env, "AUTHMINT_SESSION_LIFETIME", DEFAULT_SESSION_LIFETIME, 300, 31_536_000),
            theme=env.get("AUTHMINT_THEME") or None,
            allow_private_jwks_uri=env.get("AUTHMINT_ALLOW_PRIVATE_JWKS_URI") == "1",
            assertions_since=_number(env, "AUTHMINT_ASSERTIONS_SINCE", 0, 0, 253_402_300_799),
            sign_ins=_number(env, "AUTHMINT_SIGN_INS", DEFAULT_SIGN_INS, 1, _MOST_A_MINUTE),
            client_failures=_number(env, "AUTHMINT_CLIENT_FAILURES", DEFAULT_CLIENT_FAILURES, 1, _MOST_A_MINUTE),
            device_codes=_number(env, "AUTHMINT_DEVICE_CODES", DEFAULT_DEVICE_CODES, 1, _MOST_A_MINUTE),
            admin_calls=_number(env, "AUTHMINT_ADMIN_CALLS", DEFAULT_ADMIN_CALLS, 1, _MOST_A_MINUTE),
            edge_secrets=_secrets(env, "AUTHMINT_EDGE_SECRET"),
            mail_from=env.get("AUTHMINT_MAIL_FROM") or None,
            mail_configuration_set=env.get("AUTHMINT_MAIL_CONFIGURATION_SET") or None,
            mails_per_day=_number(env, "AUTHMINT_MAILS_PER_DAY", DEFAULT_MAILS_PER_DAY, 1, 100_000_000),
            viewer_facts=_viewer_facts(env),
            services_need_roles=env.get("AUTHMINT_SERVICE_APPS_NEED_ROLES") == "true",
            signed_answers=env.get("AUTHMINT_SIGNED_ANSWERS") == "true",
            risk_weights=_risk_weights(env),
            console_secret=next(iter(_secrets(env, "AUTHMINT_CONSOLE_SECRET")), None),
            api_url=env.get("AUTHMINT_API_URL") or None,
            mtls_url=mtls_url,
        )


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name)
    if not value:
        raise BadSettings(f"{name} is not set")
    return value


def _secrets(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    secrets = tuple(part for part in env.get(name, "").split(",") if part)
    if any(len(secret) < _SHORTEST_SECRET for secret in secrets):
        raise BadSettings(f"{name} must be secrets of at least {_SHORTEST_SECRET} characters, parted by commas")
    return secrets


def _risk_weights(env: Mapping[str, str]) -> Mapping[str, int]:
    text = env.get("AUTHMINT_RISK_WEIGHTS")
    if not text:
        return {}
    import json  # nobody else's start pays for it

    from ..policy.sign_on.risk import Weights

    names = {one.name for one in fields(Weights)}
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or any(
        name not in names or type(points) is not int or not 0 <= points <= _MOST_POINTS for name, points in told.items()
    ):
        known = ", ".join(sorted(names))
        raise BadSettings(f"AUTHMINT_RISK_WEIGHTS must be a JSON object of points from 0 to {_MOST_POINTS}: {known}")
    return told


def _viewer_facts(env: Mapping[str, str]) -> ViewerFacts:
    told = env.get("AUTHMINT_VIEWER_FACTS") or "none"
    if told == "cloudfront":
        if not env.get("AUTHMINT_EDGE_SECRET"):
            raise BadSettings("AUTHMINT_VIEWER_FACTS is cloudfront, so AUTHMINT_EDGE_SECRET must be set")
        return "cloudfront"
    if told != "none":
        raise BadSettings(f"AUTHMINT_VIEWER_FACTS must be none or cloudfront, not {told!r}")
    return "anybody" if env.get("AUTHMINT_LOCAL_VIEWER_FACTS") == "1" else "none"


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise BadSettings(f"{name} must be a whole number from {least} to {most}, not {text!r}")
    return int(text)
