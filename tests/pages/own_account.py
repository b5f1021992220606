"""What tests of one's own account share: permissions, consents, providers, faults."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from authmint.storage.consents import Consent
from authmint.storage.errors import Unavailable
from authmint.storage.generations import Generations
from authmint.storage.identity_providers import IdentityProvider, IdpLink, Linking, Upstream
from authmint.storage.token_families import RefreshToken, TokenFamily

from tests.support.builders import CLIENT_ID, SERVER_ID

from .hosted import Browser

SELF = "permissions"


def may(action: str) -> dict[str, Any]:
    return {SELF: [{"principal": "SELF", "action": action}]}


def user_of(browser: Browser) -> Any:
    return browser.hosted.storage.users.get("00uA")


def agreed(browser: Browser, *, user_id: str = "00uA", client_id: str = CLIENT_ID, number: int = 1) -> None:
    storage, now = browser.hosted.storage, browser.hosted.clock.now()
    storage.consents.record([Consent(f"oag{number}", user_id, client_id, SERVER_ID, "orders:read", now)])
    family = TokenFamily(f"oar{number}", SERVER_ID, client_id, user_id, ("orders:read", "x"), now, now, now, ("pwd",))
    family = replace(family, generations=Generations(user=user_of(browser).token_generation))
    storage.families.add(family, RefreshToken(f"t{number}", family.id, now, now + 600))


def a_provider(browser: Browser, idp_id: str = "0oaC", **linking: Any) -> IdentityProvider:
    base = "https://idp.example"
    upstream = Upstream(base, f"{base}/auth", f"{base}/token", f"{base}/keys", "us", "sealed")
    provider = IdentityProvider(idp_id, "OIDC", f"Corp {idp_id}", 1, 1, upstream, Linking(**{"link": True, **linking}))
    providers = browser.hosted.storage.identity_providers
    providers.save(None, provider, [], seen=providers.all())
    return provider


def linked(browser: Browser, idp_id: str = "0oaC") -> None:
    browser.hosted.storage.idp_links.add(IdpLink(idp_id, "00uA", f"s-{idp_id}", 1, 1), [])


def let_people_go(browser: Browser) -> None:
    settings = browser.hosted.storage.org_settings
    settings.save(settings.get(), replace(settings.get(), people_delete_themselves=True), [])


class Faults:
    """Lets calls through until told otherwise; then all fail, from one on. ``apart``: records that never do."""

    def __init__(self, storage: Any, apart: Collection[str] = ("events", "lock", "log", "rate_counters")) -> None:
        self.first: int | None = None
        self.seen = 0
        for name, records in vars(storage).items():
            if name in apart or not hasattr(records, "__dict__"):
                continue
            for method in dir(type(records)):
                if not method.startswith("_") and callable(getattr(type(records), method)):
                    setattr(records, method, self._failing(getattr(records, method)))

    def _failing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*args: Any, **named: Any) -> Any:
            self.seen += 1
            if self.first is not None and self.seen >= self.first:
                raise Unavailable("injected")
            return call(*args, **named)

        return failing

    def arm(self, first: int) -> None:
        self.first, self.seen = first, 0

    def clear(self) -> None:
        self.first = None
