"""Who proved an expired password, until a new one is chosen: for the page and for ``/api/v1/authn``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..directory.password_change import NotChangeable, PasswordChange
from ..http import Request
from ..ids import Ids
from ..storage.authorization_requests import StoredRequest, StoredRequests
from ..storage.clients import secret_digest
from ..storage.errors import NotFound
from ..storage.users import User

LIFETIME: Final = 600
#: No server and no client is called this: such a record can be no authorization request, whatever its handle.
_NOBODY: Final = "~password"
#: No browser has such a name: for callers without one.
NO_BROWSER: Final = "~api"


@dataclass(frozen=True)
class Proof:
    """That somebody knew an expired password."""

    handle: str
    record: StoredRequest

    @property
    def user_id(self) -> str:
        """The user whose password has expired."""
        return self.record.parameters["user_id"]


class ExpiredPasswords:
    """Keeps proofs for ten minutes, each for one change of the very password that was proved."""

    def __init__(self, requests: StoredRequests, change: PasswordChange, ids: Ids) -> None:
        self._requests = requests
        self._change = change
        self._ids = ids
        self.policy = change.policy

    def proved(self, user: User, browser: str, onward: Mapping[str, str], *, now: int) -> Proof:
        """Remember it for one browser."""
        handle = self._ids.opaque(32)
        parameters = {**onward, "user_id": user.id, "changed_at": _changed_at(user)}
        record = StoredRequest(
            digest=_digest(handle),
            kind="interaction",
            server_id=_NOBODY,
            client_id=_NOBODY,
            parameters=parameters,
            created_at=now,
            expires_at=now + LIFETIME,
            browser=browser,
        )
        self._requests.add(record)
        return Proof(handle, record)

    def find(self, handle: str, browser: str, *, now: int) -> Proof:
        """Raises NotFound: there is none, it has expired, or it is another browser's."""
        record = self._requests.get(_digest(handle))
        if record.client_id != _NOBODY or record.browser != browser or record.expires_at <= now:
            raise NotFound("proof")
        return Proof(handle, record)

    def user(self, proof: Proof) -> User:
        """Whose password it is. Raises NotFound."""
        return self._change.users.get(proof.user_id)

    def change(self, proof: Proof, password: str, *, old: str | None = None, now: int, request: Request) -> User:
        """Store a new password, and use the proof up.

        Args:
            proof: From ``find``.
            password: The new one.
            old: Has to be right, where it is asked for again.
            now: Unix seconds.
            request: For the log.

        Raises:
            UnsuitablePassword: The policy refuses it; the proof is still good.
            NotChangeable: The password is another one by now, or the user is locked or suspended.
            NotFound: The user, or the proof, is gone.
            Unavailable: Storage could not answer.
        """

        def still(user: User) -> bool:
            if user.password is None or _changed_at(user) != proof.record.parameters["changed_at"]:
                return False
            return old is None or self._change.hashes.fits(old, user.password.hash)

        user = self._change.choose(proof.user_id, password, now=now, request=request, still=still)
        try:
            self._requests.spend(proof.record.digest)
        except NotFound:
            raise NotChangeable("the proof was used by another call") from None
        return user


def _changed_at(user: User) -> str:
    return "" if user.password is None else str(user.password.changed_at)


def _digest(handle: str) -> str:
    # Prefixed, so that the handle of one kind of record never finds a record of another kind.
    return secret_digest(f"password\n{handle}")
