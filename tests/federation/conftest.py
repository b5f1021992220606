"""A deployment, a provider that it trusts, and a browser."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.federation.world import Browser, Deployment, Page, Provider, World


@dataclass
class Partners:
    """``idp``: the provider, as the deployment knows it."""

    world: World
    here: Deployment
    there: Provider
    idp: str

    def sign_in(self, browser: Browser | None = None, **more: str) -> Page:
        """Through the provider, to wherever that leads."""
        return (browser or Browser(self.world)).open(self.here.authorize_uri(idp=self.idp, **more))

    def settings(self, **policy: Any) -> None:
        """Change the rules about whom the provider may sign in."""
        path = f"/api/v1/idps/{self.idp}"
        known = self.here.admin.get(path).json
        known["policy"] |= policy
        answer = self.here.admin.put(path, known)
        assert answer.status == 200, answer.json

    def who(self) -> list[str]:
        """Logins of everybody who is here."""
        return sorted(user.login for user in self.here.storage.users.list())


@pytest.fixture
def partners() -> Partners:
    world = World()
    here = Deployment(world)
    return Partners(world, here, Provider(world), here.provider()["id"])
