"""The last SUPER_ADMIN stays (docs/protocol.md §35.5): decided and stored by one book of roles, in one transaction."""

from dataclasses import dataclass

from ...storage.directory import Directory
from ...storage.errors import NotFound
from ...storage.groups import Groups
from ...storage.roles import BookChange, RoleBook, Roles
from ...storage.users import Users
from ..http.errors import ApiError

_PAGE = 200


@dataclass(frozen=True)
class SuperAdmins:
    """Who administers everything: active people with the role, of their own or by a group.

    Its methods give what has to be stored with a change, so that of two changes at once one is decided anew, and raise
    ``ApiError`` (E0000006) where nobody would be left.
    """

    roles: Roles
    users: Users
    groups: Groups
    directory: Directory

    def ending(self, user_id: str, *, gone: bool = False) -> BookChange | None:
        """A user is deactivated or suspended. ``gone``: or deleted, and the roles with them."""
        book = self.roles.get()
        after = book.having("USER", user_id, ()) if gone else book
        if self._is_one(book, user_id):
            self._check(book, after, without=user_id)
        elif user_id not in book.users or not gone:
            return None
        return BookChange(book, after)

    def leaving(self, group_id: str, user_id: str) -> BookChange | None:
        """A user leaves a group."""
        book = self.roles.get()
        if group_id not in book.holders("GROUP", "SUPER_ADMIN"):
            return None
        self._check(book, book, left=(group_id, user_id))
        return BookChange(book, book)

    def group_going(self, group_id: str) -> BookChange | None:
        """A group is deleted, and its roles with it."""
        book = self.roles.get()
        if group_id not in book.groups:
            return None
        after = book.having("GROUP", group_id, ())
        self.check(book, after)
        return BookChange(book, after)

    def client_going(self, client_id: str) -> BookChange | None:
        """A client is deleted, and its roles with it: its id may come back."""
        book = self.roles.get()
        return BookChange(book, book.having("CLIENT", client_id, ())) if client_id in book.clients else None

    def check(self, before: RoleBook, after: RoleBook) -> None:
        """Roles are taken away."""
        if any(before.holders(kind, "SUPER_ADMIN") != after.holders(kind, "SUPER_ADMIN") for kind in ("USER", "GROUP")):
            self._check(before, after)

    def _check(self, before: RoleBook, after: RoleBook, *, without: str = "", left: tuple[str, str] = ("", "")) -> None:
        if not self._anybody(after, without, left) and self._anybody(before, "", ("", "")):
            raise ApiError("E0000006", causes=["The last super administrator cannot be taken away."])

    def _is_one(self, book: RoleBook, user_id: str) -> bool:
        if user_id in book.holders("USER", "SUPER_ADMIN"):
            return True
        groups = book.holders("GROUP", "SUPER_ADMIN")
        try:
            return bool(groups) and not self.directory.person(user_id).group_ids.isdisjoint(groups)
        except NotFound:
            return False

    def _anybody(self, book: RoleBook, without: str, left: tuple[str, str]) -> bool:
        if self._active([one for one in book.holders("USER", "SUPER_ADMIN") if one != without]):
            return True
        for group_id in book.holders("GROUP", "SUPER_ADMIN"):
            after: str | None = None
            while members := self.groups.members(group_id, after=after, limit=_PAGE):
                if self._active([one for one in members if one != without and (group_id, one) != left]):
                    return True
                after = members[-1]
        return False

    def _active(self, user_ids: list[str]) -> bool:
        return any(user.status == "ACTIVE" for user in self.users.many(user_ids))
