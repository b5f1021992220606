"""Scopes in words, for the pages that ask about them."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..storage.servers import Scope


@dataclass(frozen=True)
class ScopeView:
    """One scope as a page shows it.

    Attributes:
        optional: It may be left out. Nothing is chosen beforehand: leaving it alone gives the least.
    """

    name: str
    title: str
    description: str
    optional: bool = False
    chosen: bool = False


def views(scopes: Iterable[Scope], *, chosen: frozenset[str] = frozenset(), choice: bool = True) -> list[ScopeView]:
    """Scopes to show. Without a choice, none is optional."""
    return [
        ScopeView(
            scope.name,
            scope.display_name or scope.name,
            scope.description or "",
            optional=scope.optional and choice,
            chosen=scope.name in chosen,
        )
        for scope in scopes
    ]
