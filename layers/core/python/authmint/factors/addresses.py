"""Addresses of users that are known to be theirs: where codes may be sent."""

from collections.abc import Sequence

from ..storage.users import User, login_key


def verified_addresses(user: User) -> Sequence[str]:
    """The primary one first. Administrators, who write profiles, vouch for what stands in them."""
    second = user.profile.get("secondEmail")
    addresses = (user.email, second) if isinstance(second, str) and second else (user.email,)
    return tuple(address for address in addresses if address)


def is_verified(user: User, address: str) -> bool:
    """Whether an address is one of these, whatever its case."""
    return login_key(address) in {login_key(known) for known in verified_addresses(user)}
