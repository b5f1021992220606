"""From a user to an app's profile of them (docs/protocol.md §38.6)."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from ..expressions.app_mapping import mapped
from ..expressions.app_profile import FROM_USER, app_profile
from ..expressions.errors import EvaluationFailed
from ..expressions.facts import Facts
from ..expressions.run import Run
from ..storage.clients import MappedAttribute
from .mapping import Properties

#: The display name, else first and last name: what ``app_profile`` gives.
_NAME: Final = (
    'user.displayName ?: ((user.firstName ?: "") == "" ? user.lastName : '
    '((user.lastName ?: "") == "" ? user.firstName : (user.firstName + " " + user.lastName)))'
)
_GROUPS: Final = re.compile(r"isMemberOf|getGroups")


def standard_mapping(attributes: Collection[str]) -> Properties:
    """What there is from the start: the standard claims, of those attributes that users can have."""
    expressions = {
        name: _NAME if name == "name" else f"user.{attribute}"
        for name, attribute in FROM_USER.items()
        if attribute in attributes
    }
    return {name: MappedAttribute(expression, pushed=True) for name, expression in expressions.items()}


def app_user_profile(facts: Facts, assigned: Mapping[str, Any]) -> dict[str, Any]:
    """The whole profile of a user for the app of the facts. What fails is left out: a claim that reads it fails.

    Args:
        facts: With app and user.
        assigned: What the assignment itself says; it wins.
    """
    user, mapping = facts.user, facts.app.user_mapping
    if user is None:
        return dict(assigned)
    if mapping is None:
        return app_profile(user.profile, assigned)
    made, run = {}, Run(facts)
    for name, attribute in mapping.items():
        try:
            value = mapped(attribute, run)
        except EvaluationFailed:
            continue
        if value is not None:
            made[name] = value
    return {**made, **assigned}


def reads_groups(mapping: Properties) -> bool:
    """Whether the groups of a user have to be known."""
    return any(_GROUPS.search(attribute.expression) for attribute in mapping.values())
