"""Every function of the language explained to whoever writes an expression: an example, and what it gives.

Tests hold it to the table of functions, and every example to the language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Explained:
    """A function by an example that calls it. ``about``: English."""

    example: str
    about: str

    @property
    def name(self) -> str:
        """Of the function."""
        return self.example.partition("(")[0]


#: What stands behind the names that an expression can begin with.
NAMES: Final[Sequence[tuple[str, str]]] = (
    ("user.department", "an attribute of the person's profile; null without a person"),
    ('user.getInternalProperty("status")', "the id or the status of the person"),
    ('user.getGroups({"group.type": {"OKTA_GROUP"}}).![name]', "names, or other members, of the person's groups"),
    ("appuser.userName", "the person as assigned to the application"),
    ("app.clientId", "the application; app.profile is what administrators wrote there"),
    ("org.name", "the deployment"),
    ("session.amr", "how the person signed in"),
    ("access.scope", "the scopes that were granted"),
)
OPERATORS: Final[Sequence[tuple[str, str]]] = (
    ('user.firstName + " " + user.lastName', "joins texts, adds numbers; null where either is null"),
    ('user.department == "Sales" AND user.city != null', "compares; AND, OR and NOT join conditions"),
    ('user.department matches "Sales-[A-Z]+"', "whether the whole text fits a pattern"),
    ('user.city != null ? user.city : "nowhere"', "one value or the other"),
    ('user.nickName ?: "none"', "another value for null and for the empty text"),
)
FUNCTIONS: Final[Sequence[Explained]] = (
    Explained('String.append("a", user.city)', "one text after the other"),
    Explained('String.join("-", user.firstName, user.lastName)', "texts with a separator between them"),
    Explained("String.len(user.city)", "how many characters"),
    Explained("String.removeSpaces(user.displayName)", "the text without its spaces"),
    Explained('String.replace(user.city, "a", "b")', "every occurrence replaced"),
    Explained('String.replaceFirst(user.city, "a", "b")', "the first occurrence replaced"),
    Explained('String.startsWith(user.login, "admin")', "whether it begins so"),
    Explained('String.stringContains(user.email, "@example.com")', "whether that is part of it"),
    Explained('String.stringSwitch(user.city, "other", "Ber", "DE", "Par", "FR")', "the value after the part found"),
    Explained("String.substring(user.city, 0, 3)", "from a place to another, which is left out"),
    Explained('String.substringAfter(user.email, "@")', "what follows the first separator"),
    Explained('String.substringBefore(user.email, "@")', "what precedes the first separator"),
    Explained("String.toUpperCase(user.city)", "in capitals"),
    Explained("String.toLowerCase(user.email)", "in small letters"),
    Explained('Convert.toInt("42")', "a whole number"),
    Explained('Convert.toNum("4.2")', "a number"),
    Explained('Iso3166Convert.toAlpha2("DEU")', "a country by two letters"),
    Explained('Iso3166Convert.toAlpha3("DE")', "a country by three letters"),
    Explained('Iso3166Convert.toNumeric("DE")', "a country by its number"),
    Explained('Iso3166Convert.toName("DE")', "a country by its name"),
    Explained('Arrays.add({"a"}, "b")', "with one more at the end"),
    Explained('Arrays.remove({"a", "b"}, "a")', "without an item"),
    Explained('Arrays.clear({"a"})', "an empty array"),
    Explained('Arrays.get({"a", "b"}, 0)', "the item at a place, from 0"),
    Explained('Arrays.flatten({"a"}, {"b"})', "all items of all of them in one"),
    Explained('Arrays.contains(access.scope, "openid")', "whether it holds an item"),
    Explained("Arrays.size(access.scope)", "how many items"),
    Explained("Arrays.isEmpty(access.scope)", "whether it has none"),
    Explained("Arrays.toCsvString(access.scope)", "the items as one text with commas"),
    Explained('Time.now("Europe/Paris", "yyyy-MM-dd")', "the time of the request, in a zone and by a pattern"),
    Explained('Time.fromWindowsToIso8601("131702652000000000")', "from Windows' count of time"),
    Explained('Time.fromUnixToIso8601("1700000000")', "from seconds since 1970"),
    Explained('Time.fromStringToIso8601("2024-05-01", "yyyy-MM-dd")', "from a text by a pattern"),
    Explained('Time.fromIso8601ToWindows("2024-05-01T00:00:00Z")', "to Windows' count of time"),
    Explained('Time.fromIso8601ToUnix("2024-05-01T00:00:00Z")', "to seconds since 1970"),
    Explained('Time.fromIso8601ToString("2024-05-01T00:00:00Z", "dd.MM.yyyy")', "to a text by a pattern"),
    Explained('isMemberOfGroupName("admins")', "whether the person is in the group of that name"),
    Explained('isMemberOfGroup("00g1")', "whether the person is in the group of that id"),
    Explained('isMemberOfAnyGroup("00g1", "00g2")', "whether the person is in one of these"),
    Explained('isMemberOfGroupNameStartsWith("eng-")', "whether a group's name begins so"),
    Explained('isMemberOfGroupNameContains("eng")', "whether that is part of a group's name"),
    Explained('isMemberOfGroupNameRegex("eng-[0-9]+")', "whether a group's name fits a pattern"),
    Explained('Groups.startsWith("OKTA", "eng-", 100)', "names of the person's groups that begin so, or null"),
    Explained('Groups.endsWith("OKTA", "-eng", 100)', "names of the person's groups that end so, or null"),
    Explained('Groups.contains("OKTA", "eng", 100)', "names of the person's groups that contain it, or null"),
    Explained("hasDirectoryUser()", "always false: there is no such directory"),
    Explained("hasWorkdayUser()", "always false: there is no such directory"),
    Explained("findDirectoryUser()", "always null: there is no such directory"),
    Explained("findWorkdayUser()", "always null: there is no such directory"),
    Explained('getManagerUser("source")', "always null: there is no such directory"),
    Explained('getManagerAppUser("source", "attribute")', "always null: there is no such directory"),
    Explained('getAssistantUser("source")', "always null: there is no such directory"),
    Explained('getAssistantAppUser("source", "attribute")', "always null: there is no such directory"),
)  # fmt: skip
