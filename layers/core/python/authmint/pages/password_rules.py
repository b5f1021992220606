"""What a new password must be like, as pages show it while it is typed and when it would not do."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..directory.passwords import LONGEST, PasswordPolicy
from ..http import Request
from .documents import HostedPages


@dataclass(frozen=True)
class Rule:
    """One of them. ``least``: how many there have to be, of what is counted."""

    name: str
    text: str
    least: int


def rules_of(policy: PasswordPolicy, pages: HostedPages, request: Request, wished: str | None = None) -> list[Rule]:
    """Everything that can be said beforehand."""
    least = {
        "shortest": policy.shortest,
        "lower": policy.lower,
        "upper": policy.upper,
        "digit": policy.digits,
        "symbol": policy.symbols,
    }
    asked = policy.asked()
    texts = lacks_of(policy, asked, pages, request, wished)
    return [Rule(name, text, least.get(name, 1)) for name, text in zip(asked, texts, strict=True)]


def lacks_of(
    policy: PasswordPolicy, lacks: Iterable[str], pages: HostedPages, request: Request, wished: str | None = None
) -> list[str]:
    """What a password has to be that it is not."""
    numbers = {"shortest": policy.shortest, "longest": LONGEST, "history": policy.history}
    return [pages.text(f"password.lack.{lack}", request, wished, **numbers) for lack in lacks]
