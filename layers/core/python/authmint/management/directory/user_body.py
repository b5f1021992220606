"""What a request may say about a user (docs/protocol.md §23.3, §27.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...directory.password_change import UnsuitablePassword, remembered
from ...directory.profile import profile_problems, unknown_attributes
from ...directory.uniqueness import held_values
from ...storage.schemas import ProfileSchema
from ...storage.users import BY_HOOK, MOST_GROUPS_AT_ONCE, Password, RecoveryQuestion, User
from ..http.call import Call
from ..http.errors import ApiError, invalid
from ..http.fields import Fields
from .people import PeopleRecords

_MEMBERS: Final = frozenset(
    {"profile", "credentials", "groupIds", "type", "realmId", "id", "status", "created", "activated", "statusChanged"}
    | {"lastLogin", "lastUpdated", "passwordChanged", "transitioningToStatus", "_links", "_embedded"}
)
_LONGEST_QUESTION: Final = 100


@dataclass(frozen=True)
class UserBody:
    """A body, read. ``None`` is what it does not say.

    Attributes:
        hashed: The password as another directory keeps it, or that it has to be asked.
    """

    profile: Mapping[str, Any] | None
    password: str | None
    hashed: str | None
    question: tuple[str, str] | None
    group_ids: tuple[str, ...]
    type_id: str | None = None

    @property
    def has_password(self) -> bool:
        """Whether there is one, as it is or as a hash."""
        return self.password is not None or self.hashed is not None


def read_user(body: Mapping[str, Any]) -> UserBody:
    """Raises ApiError: E0000003 for a member that nobody knows, or of the wrong JSON type."""
    if not body.keys() <= _MEMBERS:
        raise ApiError("E0000003")
    fields = Fields(body)
    profile = fields.raw("profile")
    if profile is not None and not isinstance(profile, dict):
        raise ApiError("E0000003")
    credentials = fields.below("credentials")
    secret = credentials.below("password")
    hashed = _hashed(secret) if secret.has("hash") else None
    if secret.has("hook"):
        hashed = _by_hook(secret)
    asked = credentials.below("recovery_question")
    question = None
    if asked.has("answer"):
        text = asked.text("question", required=True, longest=_LONGEST_QUESTION) or ""
        question = (text, asked.text("answer", required=True, longest=_LONGEST_QUESTION) or "")
    group_ids = fields.texts("groupIds", longest=64) or ()
    if len(group_ids) > MOST_GROUPS_AT_ONCE:
        fields.problem("groupIds", f"A new user can be put into at most {MOST_GROUPS_AT_ONCE} groups at once.")
    type_id = fields.below("type").text("id", longest=64)
    fields.check()
    return UserBody(profile, secret.text("value", longest=10_000), hashed, question, group_ids, type_id)


def _by_hook(secret: Fields) -> str:
    """What stands for a password that another directory knows."""
    secret.below("hook").choice("type", ("default",), "default", required=True)
    if secret.has("value") or secret.has("hash"):
        secret.problem("hook", "A password is given, or another directory is asked about it, not both.")
    return BY_HOOK


def _hashed(secret: Fields) -> str | None:
    """What another directory made of the password."""
    from ...directory.imported_passwords import BadHash, encoded  # few deployments import any

    sent = secret.raw("hash")
    if not isinstance(sent, dict):
        raise ApiError("E0000003")
    if secret.has("value"):
        secret.problem("hash", "A password is given as it is or as a hash, not both.")
    try:
        return encoded(sent)
    except BadHash as error:
        secret.problem(f"hash.{error.field}", str(error))
        return None


def checked_profile(profile: Mapping[str, Any], schema: ProfileSchema) -> Mapping[str, Any]:
    """The profile as it is stored: without what is ``null``. Raises ApiError (E0000001)."""
    if unknown := unknown_attributes(profile, schema):
        raise invalid("newUser", *(f"Property name '{name[:100]}' is not defined in profile" for name in unknown[:20]))
    if problems := profile_problems(profile, schema, _fits):
        raise invalid(problems[0][0], *(f"{name}: {text}" for name, text in problems))
    return {name: value for name, value in profile.items() if value is not None}


def with_profile(user: User, profile: Mapping[str, Any], schema: ProfileSchema) -> User:
    """The user with a profile and the unique values that it holds. Raises ApiError (E0000001)."""
    checked = checked_profile(profile, schema)
    unique = held_values(checked, schema)
    return replace(user, profile=checked, unique=unique, unique_version=schema.unique_version)


def _fits(pattern: str, text: str) -> bool:
    from ...expressions.regexes import matches  # few deployments have a pattern

    return matches(pattern, text)


def new_password(user: User, password: str, records: PeopleRecords, call: Call, *, own: bool = False) -> Password:
    """The password as it is remembered.

    Args:
        user: Whose, with the profile as it will be.
        password: The new one.
        records: For hashes and policy.
        call: Whose.
        own: The user chose it: then it must be none of the last ones. An administrator is not asked that.

    Raises:
        ApiError: E0000080 with what it lacks.
    """
    policy = records.decision(user, call).policy
    try:
        return remembered(user, password, records.hashes, policy, call.now, own=own)
    except UnsuitablePassword as error:
        raise ApiError("E0000080", causes=[policy.refusal(error.lacks)]) from None


def recovery_question(question: tuple[str, str], records: PeopleRecords) -> RecoveryQuestion:
    """The question, and the answer as it is remembered: without case and outer spaces."""
    text, answer = question
    return RecoveryQuestion(text, records.hashes.make(answer.strip().casefold()))
