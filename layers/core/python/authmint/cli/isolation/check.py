"""The whole check: both directions, every attempt."""

from ..remote import Remote
from . import administration, endpoints, people, strangers
from .attempts import Attempt, Crossing, Forge
from .sides import two_sides


def check(remote: Remote, *, taken: tuple[str, str] | None = None, forge: Forge | None = None) -> list[Attempt]:
    """Every attempt to cross between two servers of a deployment.

    Args:
        remote: The deployment, with an administrator's token.
        taken: Ids of two servers to use; ``None``: two are made and deleted again.
        forge: Signs with the servers' own keys, where those are at hand.

    Raises:
        CannotCheck: The check itself does not work here.
        RemoteFailed: The deployment does not answer.
    """
    found: list[Attempt] = []
    with two_sides(remote, taken) as (a, b):
        for own, target in ((a, b), (b, a)):
            crossing = Crossing(remote, own, target, forge)
            found += endpoints.attempts(crossing)
            found += people.attempts(crossing)
            found += strangers.attempts(crossing)
            found += administration.attempts(crossing)
    return found
