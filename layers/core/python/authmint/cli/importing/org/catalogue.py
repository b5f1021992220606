"""Every kind, in an order in which nothing names what comes after it; and what there is no kind for."""

from collections.abc import Mapping, Sequence
from typing import Final

from . import applications, directory, federation, mail, policies, security, servers, settings
from .kinds import Kind

#: Lists at a source of which nothing can be made here: what they hold, and why.
ELSEWHERE: Final[Sequence[tuple[str, str, str]]] = (
    ("/api/v1/logStreams", "log stream", "the log is read over the API, and kept in CloudWatch"),
    (
        "/api/v1/iam/roles",
        "role of administrators",
        "roles cannot be defined here: give people the ones that there are",
    ),
    ("/api/v1/device-assurances", "device assurance policy", "devices are not managed here"),
    ("/api/v1/meta/schemas/user/linkedObjects", "linked object", "users are not linked to each other here"),
    ("/api/v1/captchas", "captcha", "there is none here: sign-in is braked by login and address"),
    ("/api/v1/templates/sms", "text message", "nothing is sent to phones"),
    ("/api/v1/domains", "domain", "a deployment's address is a setting of the deployment"),
    ("/api/v1/realms", "realm", "all people are in one"),
)


def catalogue(passwords: directory.Passwords) -> Sequence[Kind]:
    """Every kind in order."""
    return (
        directory.UserTypes(),
        directory.StandardAttributes(),
        directory.Attributes(),
        directory.GroupAttributes(),
        directory.Groups(),
        directory.GroupRules(excluding=False),
        directory.Users(passwords),
        directory.GroupRules(excluding=True),
        directory.Memberships(),
        security.Zones(),
        security.Behaviors(),
        security.TrustedOrigins(),
        security.Authenticators(),
        security.AuthenticatorMethods(),
        federation.InlineHooks(),
        federation.EventHooks(),
        federation.IdentityProviders(),
        federation.ProviderAttributes(),
        federation.ProviderMappings(),
        federation.Links(),
        applications.Apps(),
        applications.AppSecrets(),
        applications.AppAttributes(),
        applications.AppMappings(),
        applications.GroupsClaims(),
        applications.AppScopes(),
        policies.Policies(),
        policies.PolicyRules(),
        applications.AppPolicies(),
        applications.AppGroups(),
        applications.AppUsers(),
        servers.Servers(),
        servers.Scopes(),
        servers.Claims(),
        servers.Resources(),
        servers.Security(),
        servers.MetadataClients(),
        servers.AssociatedServers(),
        servers.AccessPolicies(),
        servers.AccessRules(),
        mail.MailTexts(),
        settings.Organization(),
        settings.SelfService(),
        settings.Threats(),
    )


#: Words after ``--only`` and ``--except``, and the kinds that each stands for.
FAMILIES: Final[Mapping[str, Sequence[str]]] = {
    "schemas": ("user-type", "standard-attribute", "attribute", "group-attribute"),
    "groups": ("group", "group-rule", "group-rule-with-exceptions"),
    "users": ("user", "membership"),
    "zones": ("zone", "behavior"),
    "origins": ("trusted-origin",),
    "authenticators": ("authenticator", "authenticator-method"),
    "hooks": ("inline-hook", "event-hook"),
    "providers": ("identity-provider", "provider-attribute", "provider-mapping", "link"),
    "apps": ("app", "app-secret", "app-attribute", "app-mapping", "app-groups-claim", "app-scope"),
    "assignments": ("app-group", "app-user"),
    "policies": ("policy", "policy-rule", "app-policy"),
    "servers": (
        "server", "scope", "claim", "resource", "server-security", "metadata-client", "associated-server",
        "access-policy", "access-rule",
    ),
    "mail": ("mail-text",),
    "org": ("organization", "self-service", "threats"),
}  # fmt: skip
