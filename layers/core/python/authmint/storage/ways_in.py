"""What somebody can sign in with: of two ways that may each go while the other one stays, one has to stay."""

from .factors import Factor
from .identity_providers import IdpLink
from .users import User

#: A user who has a password, a link to a provider, or a key that says by itself who somebody is.
Way = User | IdpLink | Factor


def name_of(way: Way) -> str:
    """What tells a way of a user from the others."""
    return way.idp_id if isinstance(way, IdpLink) else way.id
