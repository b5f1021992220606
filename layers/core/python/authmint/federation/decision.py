"""Who somebody is here, of whom a provider says who they are there. Pure (docs/protocol.md §37.6).

Nobody is recognized by an address that nobody vouches for, and no administrator of themselves: whoever could have a
provider say somebody else's address, or could become its administrator, would come by their account.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ..storage.identity_providers import IdentityProvider, Linking
from ..storage.users import User, is_same_name, login_key
from .presets import TENANT

#: What is done: they are signed in, recognized and linked first, made first, or turned away.
Action = Literal["sign_in", "link", "provision", "refuse"]
#: What becomes of the account first.
Change = Literal["UNSUSPEND", "REACTIVATE", "ACTIVATE"]
_LONGEST_USERNAME: Final = 100
_BY_ADDRESS: Final = frozenset({"EMAIL", "USERNAME_OR_EMAIL"})
_SIGNS_IN: Final = frozenset({"ACTIVE", "PASSWORD_EXPIRED"})
#: A filter that lets in the people of one domain alone: whatever its first part is, it ends with the domain.
_ONE_DOMAIN: Final = re.compile(r"[^|]*@((?:[A-Za-z0-9-]+\\\.)+[A-Za-z0-9-]+)\$?")


@dataclass(frozen=True)
class Known:
    """Somebody who is here.

    Attributes:
        administers: They have a role, of their own or by a group.
        pinned: Of who is linked: ``fingerprint`` of the provider as they were.
    """

    user: User
    group_ids: frozenset[str] = frozenset()
    administers: bool = False
    pinned: str = ""


@dataclass(frozen=True)
class Said:
    """What the provider says of somebody.

    Attributes:
        username: What the template of the provider makes of it; ``None``: nothing, or it fails.
        fits: All of the username matches the filter; there is none, perhaps.
        email: The address.
        email_verified: ``None``: it does not say.
    """

    username: str | None
    fits: bool = True
    email: str | None = None
    email_verified: bool | None = None


@dataclass(frozen=True)
class Decision:
    """What is to be done.

    Attributes:
        user: Whom it is about; ``None``: somebody new, or nobody.
        change: What becomes of their account first.
        reason: Why they are turned away, for the log.
    """

    action: Action
    user: User | None = None
    change: Change | None = None
    reason: str = ""


def said_verified(claims: Mapping[str, Any]) -> bool | None:
    """``email_verified`` (OpenID Connect Core §5.1); some providers write it as a text."""
    value = claims.get("email_verified")
    if value in (True, "true"):
        return True
    return None if value is None else False


def decide(provider: IdentityProvider, linked: Known | None, said: Said, candidates: Sequence[Known]) -> Decision:
    """What to do.

    Args:
        provider: Who says it.
        linked: Whom it is linked to; ``None``: nobody.
        said: What it says.
        candidates: Whom the username, or the address, could mean, by the rule of the provider.
    """
    linking = provider.linking
    if linked is not None:
        if linked.administers and linked.pinned != provider.upstream.fingerprint:
            return _refused("the provider is another one than the administrator was linked to", linked.user)
        return _allowed("sign_in", linked, linking)
    username = _username(said)
    if username is None or len(candidates) > 1:
        return _refused("no username that fits" if username is None else "more than one user matches")
    if candidates:
        (known,) = candidates
        reason = _not_linkable(provider, said, username, known)
        return _allowed("link", known, linking) if reason is None else _refused(reason, known.user)
    if linking.provision and said.email_verified is not False:
        return Decision("provision")
    return _refused("the provider says that the address is not verified" if linking.provision else "nobody matches")


def _username(said: Said) -> str | None:
    """The username, where it can be one."""
    username = said.username or ""
    usable = username.strip() and len(username) <= _LONGEST_USERNAME and username.isprintable()
    return username if usable and said.fits else None


def vouched_for(provider: IdentityProvider, said: Said, address: str) -> bool:
    """Whether the provider stands for an address: it says so, or administrators say so of its domain."""
    if TENANT in provider.upstream.issuer:  # whoever has a tenant of their own could say anything
        return False
    # People are found by folded names, and two addresses that fold to one can belong to two people (UTS #46 §7).
    if not address.isascii():
        return False
    if said.email_verified is True and said.email is not None and said.email.casefold() == address.casefold():
        return said.email.isascii()
    return said.email_verified is None and _domain_of(provider.linking.filter) == _after_at(address)


def _domain_of(pattern: str | None) -> str | None:
    """The one domain that a filter lets in; ``None``: it is not as plain as that."""
    found = None if pattern is None else _ONE_DOMAIN.fullmatch(pattern)
    return None if found is None else found[1].replace("\\.", ".").casefold()


def _after_at(address: str) -> str:
    return address.rpartition("@")[2].casefold()


def _not_linkable(provider: IdentityProvider, said: Said, username: str, known: Known) -> str | None:
    """Why who matches is not recognized; ``None``: they are."""
    linking = provider.linking
    by_address = linking.match_type in _BY_ADDRESS or "@" in login_key(username)
    checks = (
        (not linking.link, "nobody is linked of themselves"),
        (known.user.id in linking.link_excluded, "the user is never linked of themselves"),
        (
            bool(linking.link_groups) and known.group_ids.isdisjoint(linking.link_groups),
            "the user is in no group whose members are linked",
        ),
        (known.administers, "administrators are linked by administrators"),
        (TENANT in provider.upstream.issuer, "the provider is everybody's"),
        (by_address and not vouched_for(provider, said, username), "nobody vouches for the address"),
        (not _says_it(linking, username, known.user), "the username only folds to the user's"),
    )
    return next((reason for fails, reason in checks if fails), None)


def _says_it(linking: Linking, username: str, user: User) -> bool:
    """Whether it is the user's own value: others fold to it."""
    values: tuple[str, ...] = (user.login, user.email)
    if linking.match_type == "CUSTOM_ATTRIBUTE":
        values = (str(user.profile.get(linking.match_attribute or "", "")),)
    return any(is_same_name(username, value) for value in values)


def _allowed(action: Action, known: Known, linking: Linking) -> Decision:
    """The decision about somebody who may sign in as far as their account lets them."""
    status = known.user.status
    changes: Mapping[str, tuple[bool, Change]] = {
        "SUSPENDED": (linking.unsuspend, "UNSUSPEND"),
        "DEPROVISIONED": (linking.reactivate, "REACTIVATE"),
        "PROVISIONED": (True, "ACTIVATE"),
    }
    if status in _SIGNS_IN:
        return Decision(action, known.user)
    wanted, change = changes.get(status, (False, "ACTIVATE"))
    if not wanted or known.administers:
        return _refused(f"the user is {status}", known.user)
    return Decision(action, known.user, change)


def _refused(reason: str, user: User | None = None) -> Decision:
    return Decision("refuse", user, reason=reason)
