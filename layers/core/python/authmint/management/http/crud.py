"""The five operations that most resources have, and the two of a lifecycle."""

from typing import Protocol

from ...http import Response
from .call import Call, Operation
from .routes import Routes


class Crud(Protocol):
    """A resource that is listed, made, read, replaced and deleted."""

    def list(self, call: Call) -> Response: ...
    def create(self, call: Call) -> Response: ...
    def get(self, call: Call) -> Response: ...
    def replace(self, call: Call) -> Response: ...
    def delete(self, call: Call) -> Response: ...


class Lifecycle(Protocol):
    """A resource that is activated and deactivated."""

    def activate(self, call: Call) -> Response: ...
    def deactivate(self, call: Call) -> Response: ...


def add_crud(routes: Routes[Operation], path: str, parameter: str, resource: Crud) -> None:
    """Routes of the list at ``path`` and of what is below it by the parameter."""
    routes.add("GET", path, resource.list)
    routes.add("POST", path, resource.create)
    routes.add("GET", f"{path}/{parameter}", resource.get)
    routes.add("PUT", f"{path}/{parameter}", resource.replace)
    routes.add("DELETE", f"{path}/{parameter}", resource.delete)


def add_lifecycle(routes: Routes[Operation], path: str, parameter: str, resource: Lifecycle) -> None:
    """Routes that switch what is below ``path`` on and off."""
    routes.add("POST", f"{path}/{parameter}/lifecycle/activate", resource.activate)
    routes.add("POST", f"{path}/{parameter}/lifecycle/deactivate", resource.deactivate)
