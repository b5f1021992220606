"""Mail on its way into the outbox: to whom, of which template, and what its variables stand for."""

from collections.abc import Mapping
from typing import Final, Literal

from ..ids import Ids
from ..storage.outbox import Mail
from ..storage.users import User

#: What can be written to people; each is a template.
Template = Literal[
    "AccountLockout",
    "AuthenticatorEnrolled",
    "AuthenticatorReset",
    "ChangeEmailConfirmation",
    "EmailChallenge",
    "EmailChangeAttempt",
    "EmailChangeConfirmation",
    "EmailFactorVerification",
    "ForgotPassword",
    "ForgotPasswordDenied",
    "NewSignOnNotification",
    "PasswordChanged",
    "PasswordResetByAdmin",
    "PendingEmailChange",
    "RegistrationActivation",
    "RegistrationAttempt",
    "RegistrationEmailVerification",
    "SelfServiceUnlock",
    "SelfServiceUnlockOnUnlockedAccount",
    "UserActivation",
]
#: Seconds after which nobody has to be told any more.
NOTICE: Final = 86_400
#: Names are spam's carriers, and no name is as long as an advertisement.
_LONGEST_NAME: Final = 50
_OF_PROFILE: Final = ("firstName", "lastName", "displayName", "login", "email")


class Letters:
    """Makes mail for people; none where the deployment sends none.

    Args:
        ids: For the ids of mail.
        on: Whether the deployment sends mail at all.
    """

    def __init__(self, ids: Ids, *, on: bool) -> None:
        self._ids = ids
        self.on = on

    def to(
        self,
        user: User,
        template: Template,
        values: Mapping[str, str] | None = None,
        *,
        now: int,
        lifetime: int = NOTICE,
        address: str | None = None,
    ) -> tuple[Mail, ...]:
        """One mail, or none. What comes back goes into the transaction of what the mail is about.

        Args:
            user: To whom.
            template: Which.
            values: By variable, beside those of the user: links begin with the base URL.
            now: Unix seconds.
            lifetime: Seconds for which it is of use.
            address: ``None``: the user's own.
        """
        if not self.on:
            return ()
        of_user = {f"user.profile.{name}": str(user.profile.get(name) or "")[:_LONGEST_NAME] for name in _OF_PROFILE}
        wish = user.profile.get("preferredLanguage") or user.profile.get("locale")
        mail = Mail(
            self._ids.uuid(),
            template,
            address or user.email,
            now,
            now + lifetime,
            user_id=user.id,
            values=of_user | {"email": address or user.email} | dict(values or {}),
            language=wish if isinstance(wish, str) else None,
        )
        return (mail,)
