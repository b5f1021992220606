"""What each function and each name gives (docs/protocol.md §12.3, §12.2, §12.5)."""

from typing import Any

import pytest
from authmint.expressions.check import check
from authmint.expressions.errors import EvaluationFailed
from authmint.storage.profile import STANDARD_ATTRIBUTES

from tests.expressions.contexts import WINSTON, C, G, W, evaluate, ids
from tests.support.repository import CHECKOUT

ATTRIBUTES = {**STANDARD_ATTRIBUTES, **WINSTON}

FUNCTIONS = [
    ('String.append("This is", " a test")', "This is a test"),
    ('String.join(",", "This", "is", "a", "test")', "This,is,a,test"),
    ('String.join("", "This", "is", "a", "test")', "Thisisatest"),
    ('String.len("This")', 4),
    ('String.len("")', 0),
    ('String.removeSpaces("This is a test")', "Thisisatest"),
    ('String.replace("This is a test", "is", "at")', "That at a test"),
    ('String.replaceFirst("This is a test", "is", "at")', "That is a test"),
    ('String.startsWith("Kiss", "K")', True),
    ('String.startsWith("Kiss", "k")', False),
    ('String.stringContains("This is a test", "test")', True),
    ('String.stringContains("This is a test", "doesn\'tExist")', False),
    ('String.stringSwitch("This is a test", "default", "key1", "value1")', "default"),
    ('String.stringSwitch("This is a test", "default", "test", "value1")', "value1"),
    (
        'String.stringSwitch("First match wins", "default", "absent", "value1", "wins", "value2", "match", "value3")',
        "value2",
    ),
    ('String.stringSwitch("Substrings count", "default", "ring", "value1")', "value1"),
    ('String.substring("This is a test", 2, 9)', "is is a"),
    ('String.substringAfter("abc@okta.com", "@")', "okta.com"),
    ('String.substringBefore("abc@okta.com", "@")', "abc"),
    ('String.toUpperCase("This")', "THIS"),
    ('String.toLowerCase("ThiS")', "this"),
    ('toUpperCase("Alexander")', "ALEXANDER"),
    ('toLowerCase("AlexANDER")', "alexander"),
    ("substringBefore(\"alex@okta.com\", '@')", "alex"),
    ("substringAfter(\"alex@okta.com\", '@')", "okta.com"),
    ('substring("Alexander", 1, 4)', "lex"),
    ("Arrays.add({10, 20, 30}, 40)", [10, 20, 30, 40]),
    ("Arrays.remove({10, 20, 30}, 20)", [10, 30]),
    ("Arrays.clear({10, 20, 30})", []),
    ("Arrays.get({0, 1, 2}, 0)", 0),
    ("Arrays.flatten(10, {20, 30}, 40)", [10, 20, 30, 40]),
    ("Arrays.flatten('10, 20, 30, 40')", ["10", "20", "30", "40"]),  # docs/protocol.md §12.3
    ("Arrays.contains({10, 20, 30}, 10)", True),
    ("Arrays.contains({10, 20, 30}, 50)", False),
    ("Arrays.contains('a,b,c', 'b')", True),
    ("Arrays.size({10, 20, 30})", 3),
    ("Arrays.size(NULL)", 0),
    ("Arrays.isEmpty({10, 20})", False),
    ("Arrays.isEmpty(NULL)", True),
    ('Arrays.toCsvString({"This", "is", " a ", "test"})', "This,is, a ,test"),
    ('Convert.toInt("1234")', 1234),
    ("Convert.toInt(123.4)", 123),
    ("Convert.toInt(123.6)", 124),
    ('Convert.toNum("3.141")', 3.141),
    ('Iso3166Convert.toAlpha2("IND")', "IN"),
    ('Iso3166Convert.toAlpha3("840")', "USA"),
    ('Iso3166Convert.toNumeric("USA")', "840"),
    ('Iso3166Convert.toName("IN")', "India"),
    ("{1, 2, 3}[0]", 1),
    ('"driving!"', "driving!"),
    ("Time.now()", "2015-07-31T17:18:37.000Z"),
    ('Time.now("EST")', "2015-07-31T12:18:37.000-05:00"),  # docs/protocol.md §12.3
    ('Time.now("America/New_York")', "2015-07-31T13:18:37.000-04:00"),
    ('Time.now("America/New_York", "YYYY-MM-dd HH:mm:ss")', "2015-07-31 13:18:37"),
    ('Time.fromUnixToIso8601("0")', "1970-01-01T00:00:00.000Z"),
    ('Time.fromIso8601ToUnix("2015-07-31T17:18:37Z")', "1438363117"),
    ('Time.fromIso8601ToWindows("1970-01-01T00:00:00Z")', "116444736000000000"),
    ('Time.fromWindowsToIso8601("116444736000000000")', "1970-01-01T00:00:00.000Z"),
    ('Time.fromStringToIso8601("2015-07-31 17:18:37","yyyy-MM-dd HH:mm:ss")', "2015-07-31T17:18:37.000Z"),
    ('Time.fromIso8601ToString("2015-07-31T17:18:37Z", "dd/MM/yyyy")', "31/07/2015"),
]

USER = [
    ("user.firstName", "Winston"),
    ("user.firstName + user.lastName", "WinstonChurchill"),
    ('user.firstName + "." + user.lastName', "Winston.Churchill"),
    ("substring(user.firstName, 0, 1) + user.lastName", "WChurchill"),
    ("substring(user.firstName, 0, 1) + substring(user.lastName, 0, 6)", "WChurch"),
    ('toLowerCase(substring( user.firstName, 0, 1)) + "." + toLowerCase(user.lastName)', "w.churchill"),
    (
        'toUpperCase(substringBefore( substringAfter(user.email, "@"), ".")) + "\\" + '
        'substringBefore( user.email, "@")',
        "GMAIL\\winston.churchill",
    ),
    (
        'toUpperCase(substringBefore( substringAfter(user.email, "@"), ".")) + "\\" + '
        "toLowerCase(substring( user.firstName, 0, 1)) + toLowerCase(user.lastName)",
        "GMAIL\\wchurchill",
    ),
    (
        '"XDOMAIN\\" + toLowerCase(substring( user.firstName, 0, 1)) + toLowerCase(user.lastName)',
        "XDOMAIN\\wchurchill",
    ),
    ("user.groupCode == 123 ? 'Sales' : 'Other'", "Sales"),
    (
        'user.firstName + " " + (String.len(user.middleInitial) == 0 ? "" : '
        '(String.substring(user.middleInitial, 0, 1) + ". ")) + user.lastName',
        "Winston Churchill",
    ),
    ('(user.honorificPrefix != "" ? (user.honorificPrefix + " ") : "") + user.firstName', "Winston"),
    (
        'user.employeeNumber != "" AND user.employeeNumber != null ? user.employeeNumber : user.nonEmployeeNumber',
        "N-7",
    ),
    ("user.employeeNumber == null", True),
    ('user.middleInitial == ""', True),
    ("user.middleInitial == null", False),
    ('user.employeeNumber ?: "none"', "none"),
    ('user.middleInitial ?: "X"', "X"),
    ("user.salary >= 1000000", True),
    ("!user.isContractor", True),
    ("user.salary > 1000000 AND !user.isContractor", True),
    ('user.department matches "California-[a-zA-Z]+-Sales"', True),
    ("user.title matches '(?i)engineer'", False),  # docs/protocol.md §12.6
    ("user.title matches '(?i).*engineer'", True),
    ('String.stringContains(user.department, "Sales")', True),
    ('Arrays.contains(user.favoriteColors, "blue")', True),
    ("user.favoriteColors[0]", "red"),
    ('String.substringAfter(user.email, "@") == "gmail.com"', True),
    ('user.getInternalProperty("status") == "ACTIVE"', True),
    ("user.getInternalProperty('id')", "00uWINSTON"),
    ("hasDirectoryUser() ? findDirectoryUser().managerUpn : null", None),
    ("hasWorkdayUser() ? findWorkdayUser().employeeID : null", None),
    ('getManagerUser("active_directory").firstName', None),
    ('user.getLinkedObject("manager").lastName', "Gates"),
    ('user.getLinkedObject("assistant").lastName', None),
    ("appuser.userName", "winston"),
    ("session.amr", ["mfa", "pwd"]),
]

MACHINE = [
    ("(appuser != null) ? appuser.userName : app.clientId", "0oaCLI"),
    ("app.id", "0oaAPP"),
    ("app.clientId", "0oaCLI"),
    ("app.profile.label", "Example App"),
    ("app.domain", None),
    ("access.scope", ["a", "b"]),
    ('String.replace(Arrays.toCsvString(access.scope),","," ")', "a b"),
    ("user.email", None),
    ("user.firstName + ' ' + user.lastName", None),
    ("user.getInternalProperty('status')", None),
    ('user.getLinkedObject("manager").lastName', None),
    ("app.profile.maxLimit < 100 ? app.profile.maxLimit : 100", 50),
    ("org.name", "Acme"),
    ("org.subDomain", "acme"),
    ("isMemberOfGroupName('x')", False),
    ("Groups.startsWith('OKTA', '', 10)", None),
]

GROUP_IDS = [
    ("user.getGroups({'group.id': {'00gjitX9HqABSoqTB0g3'}}, {'group.profile.name': 'West Coast.*'})", []),
    (
        "user.getGroups({'group.type': {'OKTA_GROUP'}}, {'group.profile.name': {'Everyone', 'West Coast Admins'}})",
        ["00garwpuyxHaWOkdV0g4"],
    ),
    ("user.getGroups({'group.profile.name': 'East Coast.*'})", []),
    (
        "user.getGroups({'group.type': {'OKTA_GROUP', 'APP_GROUP'}})",
        ["00g1emaKYZTWRYYRRTSK", "00garwpuyxHaWOkdV0g4", "00gjitX9HqABSoqTB0g3", "00gnftmgQxC2L19j6I9c"],
    ),
    (
        "user.getGroups({'group.source.id': '0aae4be2456eb62f7c3d'}, {'group.profile.name': {'Engineering Users'}})",
        ["00gjitX9HqABSoqTB0g3"],
    ),
]

AD_NAMES = (
    'getFilteredGroups({"00garwpuyxHaWOkdV0g4"}, "(group.objectClass[0] == \'okta:windows_security_principal\') ? '
    "'AD: ' + group.profile.windowsDomainQualifiedName : 'Okta: ' + group.name\", 10)"
)
WEST = ["West Coast Users", "West Coast Admins"]
GROUPS = [
    ('user.getGroups({"group.profile.name": "Everyone", "operator": "STARTS_WITH"}).![name]', ["Everyone"]),
    ('user.getGroups({"group.profile.name": "West Coast", "operator": "EXACT"}).![name]', []),
    ('user.getGroups({"group.profile.name": "West Coast"}).![name]', WEST),
    ('user.getGroups({"group.profile.name": "West Coast"})[1].name', "West Coast Admins"),
    ('isMemberOfGroupName("West Coast Admins")', True),
    ('isMemberOfGroup("00gXXX")', False),
    ('isMemberOfAnyGroup("00gXXX","00garwpuyxHaWOkdV0g4")', True),
    ('isMemberOfGroupNameStartsWith("West")', True),
    ('isMemberOfGroupNameContains("Coast")', True),
    ('isMemberOfGroupNameRegex(".*Admins")', True),
    ('isMemberOfGroupNameRegex("/.*Admins/")', True),  # docs/protocol.md §12.5
    ('isMemberOfGroupNameRegex("Admins")', False),
    ('getFilteredGroups({"00garwpuyxHaWOkdV0g4","00gNOTMINE"}, "group.name", 40)', ["West Coast Admins"]),
    ('getFilteredGroups({"00garwpuyxHaWOkdV0g4"}, "group.id", 40)', ["00garwpuyxHaWOkdV0g4"]),
    (AD_NAMES, ["Okta: West Coast Admins"]),
    ('Groups.startsWith("OKTA", "West", 10)', WEST),
    ('Groups.endsWith("OKTA", "Admins", 10)', ["West Coast Admins"]),
    ('Groups.contains("OKTA", "Coast", 10)', WEST),
    ('Groups.contains("0aae4be2456eb62f7c3d", "Users", 10)', ["Engineering Users"]),
    ('Groups.startsWith("OKTA", "TEST", 100) ?: {}', []),
    ('Groups.startsWith("OKTA", "TEST", 100)', None),
    ("isMemberOfGroupName('rw_prod') ? \"RW\": isMemberOfGroupName('ro_prod') ? \"R\" : null", None),
]


@pytest.mark.parametrize(("text", "value"), FUNCTIONS)
def test_functions(text: str, value: Any) -> None:
    result = evaluate(text)

    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(("text", "value"), USER)
def test_with_a_user(text: str, value: Any) -> None:
    assert evaluate(text, W) == value


@pytest.mark.parametrize(("text", "value"), MACHINE)
def test_with_client_credentials(text: str, value: Any) -> None:
    assert evaluate(text, C) == value


@pytest.mark.parametrize(("text", "value"), GROUP_IDS)
def test_get_groups(text: str, value: list[str]) -> None:
    assert ids(text) == value


@pytest.mark.parametrize(("text", "value"), GROUPS)
def test_groups(text: str, value: Any) -> None:
    assert evaluate(text, G) == value


def test_more_groups_than_the_limit_is_an_error() -> None:
    with pytest.raises(EvaluationFailed, match="limit"):
        evaluate('getFilteredGroups({"00g1emaKYZTWRYYRRTSK","00garwpuyxHaWOkdV0g4"}, "group.name", 1)', G)


@pytest.mark.parametrize("text", [text for text, _ in FUNCTIONS + USER + MACHINE + GROUP_IDS + GROUPS])
def test_every_vector_can_be_saved(text: str) -> None:
    check(text, ATTRIBUTES)


def test_every_expression_of_the_guide_can_be_saved() -> None:
    guide = (CHECKOUT / "docs/guide/claims-and-expressions.md").read_text()
    table = guide.partition("| expression | gives |\n|---|---|\n")[2].partition("\n\n")[0]
    expressions = [row.split("`")[1] for row in table.splitlines()]

    assert len(expressions) == 8
    for text in expressions:
        check(text, ATTRIBUTES)
        evaluate(text, G)
