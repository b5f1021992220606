"""The names that an expression can begin with, as objects made of the facts (docs/protocol.md §12.2)."""

from collections.abc import Callable
from typing import Final

from .app_profile import app_profile
from .run import Run
from .values import Object, Value


def _user(run: Run) -> Value:
    user = run.facts.user
    return None if user is None else Object(user.profile)


def _app_user(run: Run) -> Value:
    if run.facts.source is not None:
        return Object(run.facts.source)
    app_user, user = run.facts.assigned, run.facts.user
    if app_user is None:
        return None
    if user is not None and run.facts.app.user_mapping is not None:
        from .app_mapping import MappedProfile  # few apps have a mapping of their own

        return MappedProfile(run, run.facts.app.user_mapping, {**app_user.profile, "userName": app_user.user_name})
    profile = app_user.profile if user is None else app_profile(user.profile, app_user.profile)
    return Object({**profile, "userName": app_user.user_name})


def _source(run: Run) -> Value:
    """What a mapping reads: the profile of elsewhere, or the user's own."""
    return _user(run) if run.facts.source is None else Object(run.facts.source)


def _app(run: Run) -> Value:
    app = run.facts.app
    members = {"id": app.id, "clientId": app.client_id, "label": app.label, "name": app.label, "profile": app.profile}
    return Object(members)


def _org(run: Run) -> Value:
    return Object({"name": run.facts.org.name, "subDomain": run.facts.org.subdomain})


def internal_property(run: Run, name: str) -> Value:
    """``user.getInternalProperty``."""
    user = run.facts.user
    value = None if user is None else user.id if name == "id" else user.status
    run.note(f"user.getInternalProperty('{name}')", value)
    return value


def linked_user(run: Run, relation: str) -> Value:
    """``user.getLinkedObject``: the profile of the user at the other end, or null."""
    user = run.facts.user
    profile = None if user is None else user.linked.get(relation)
    return None if profile is None else Object(profile)


ROOTS: Final[dict[str, Callable[[Run], Value]]] = {
    "user": _user,
    "appuser": _app_user,
    "idpuser": _source,
    "source": _source,
    "app": _app,
    "org": _org,
    "session": lambda run: Object({"amr": run.facts.amr}),
    "access": lambda run: Object({"scope": run.facts.scopes}),
    "group": lambda run: run.group,
}
