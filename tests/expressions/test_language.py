"""Syntax, checks when saved, and failures when evaluated (docs/protocol.md §12.1, §12.2)."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.expressions.check import check
from authmint.expressions.errors import EvaluationFailed, ExpressionError
from authmint.expressions.evaluate import Expression
from authmint.expressions.run import Run
from authmint.storage.profile import STANDARD_ATTRIBUTES

from tests.expressions.contexts import C, G, W, evaluate

VALUES = [
    ("'it''s'", "it's"),
    ('"say ""hi"""', 'say "hi"'),
    ("'\\n'", "\\n"),
    ("''", ""),
    ("TRUE", True),
    ("nUlL", None),
    ("-5", -5),
    ("--5", 5),
    ("9223372036854775807", 2**63 - 1),
    ("{}", []),
    ("{1, {'a', null}, 2.5, true}", [1, ["a", None], 2.5, True]),
    ("1 + 2 - 4", -1),
    ("1 + 2.5", 3.5),
    ("'a' + 1 + 2", "a12"),
    ("1 + 2 + 'a'", "3a"),
    ("'a' + true", "atrue"),
    ("'a' + null", None),
    ("1 == 1.0", True),
    ("1 == true", False),
    ("'1' == 1", False),
    ("null == null", True),
    ("{1, 'a'} == {1, 'a'}", True),
    ("{1} != {1, 2}", True),
    ("null < 1", True),
    ("null >= 1", False),
    ("'a' < 'b' and 2 <= 2", True),
    ("false or true and false", False),
    ("(false or true) AND NOT false", True),
    ("true || 1 + {1} == 2", True),
    ("!true == false", True),
    ("true ? 1 : false ? 2 : 3", 1),
    ("false ? 1 : false ? 2 : 3", 3),
    ("null ?: '' ?: 'x'", "x"),
    ("0 ?: 1", 0),
    ("1 + 2 == 3 ? 'y' : 'n'", "y"),
    ("'abc' matches 'a.c'", True),
    ("'/abc/' matches '/a.c/'", True),
    ("'abc' MATCHES 'b'", False),
    ("String.substring('abc', 1, 99)", "bc"),  # docs/protocol.md §12.3
    ("String.substring('abc', 7, 99)", ""),
    ("String.substringAfter('abc', '@')", ""),
    ("String.substringBefore('abc', '@')", "abc"),
    ("String.toUpperCase(null)", None),
    ("String.len(null)", 0),
    ("String.replace('aaa', '', 'b')", "aaa"),
    ("String.join('-', 'a', 1, 2.5)", "a-1-2.5"),
    ("Arrays.add(null, 1)", [1]),
    ("Arrays.remove({1, 2, 1}, 1)", [2]),
    ("Arrays.flatten({1, {2, {3}}})", [1, 2, 3]),
    ("Convert.toInt('-7')", -7),
    ("Convert.toInt(-0.5)", 0),
    ("Convert.toNum('12')", 12),
    ("Iso3166Convert.toName('ZZ')", None),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_values(text: str, value: Any) -> None:
    result = evaluate(text)

    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("EEE d MMM yyyy", "Fri 31 Jul 2015"),
        ("EEEE dd MMMM yy", "Friday 31 July 15"),
        ("h:mm a K k", "5:18 PM 5 17"),
        ("'at' HH 'o''clock'", "at 17 o'clock"),
        ("D e SSS S", "212 5 250 2"),
        ("Z ZZ", "+0200 +02:00"),
        ("yyyyMMddHHmmss", "20150731171837"),
    ],
)
def test_joda_patterns_show_an_instant(pattern: str, shown: str) -> None:
    quoted = pattern.replace("'", "''")

    assert evaluate(f"Time.fromIso8601ToString('2015-07-31T17:18:37.250+02:00', '{quoted}')") == shown


@pytest.mark.parametrize(
    ("text", "pattern", "instant"),
    [
        ("31 Jul 2015 5:18 PM", "d MMM yyyy h:mm a", "2015-07-31T17:18:00.000Z"),
        ("12:00 am", "h:mm a", "1970-01-01T00:00:00.000Z"),
        ("20150731171837", "yyyyMMddHHmmss", "2015-07-31T17:18:37.000Z"),
        ("2015-07-31T17:18:37.5+0200", "yyyy-MM-dd'T'HH:mm:ss.SZ", "2015-07-31T17:18:37.500+02:00"),
        ("July 4, 26", "MMMM d, yy", "2026-07-04T00:00:00.000Z"),
    ],
)
def test_joda_patterns_read_an_instant(text: str, pattern: str, instant: str) -> None:
    quoted = pattern.replace("'", "''")

    assert evaluate(f"Time.fromStringToIso8601('{text}', '{quoted}')") == instant


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("", 0, "the expression ends where a value must stand"),
        ("  ", 2, "the expression ends"),
        ("1 +", 3, "the expression ends"),
        ("'open", 0, "a text is not closed"),
        ("'a' 'b'", 4, "an operator is missing"),
        ("(1", 2, "')' is missing"),
        ("{1 2}", 3, "'}' is missing"),
        ("true ? 1", 8, "':' is missing"),
        ("1 < 2 < 3", 6, "comparisons do not chain"),
        ("1 * 2", 2, "only '+' and '-'"),
        ("user.email = 'x'", 11, "cannot be assigned"),
        ("#this", 0, "variables"),
        ("@bean", 0, "beans"),
        ("T(java.lang.Runtime)", 0, "no function 'T'"),
        ("T(java.lang.Runtime).getRuntime()", 21, "methods such as 'getRuntime'"),
        ("new java.io.File('x')", 4, "an operator is missing"),
        ("''.class.forName('x')", 9, "methods such as 'forName'"),
        ("''.class", 3, "no member 'class'"),
        ("user.class", 5, "no attribute 'class'"),
        ("user.__class__", 5, "no attribute '__class__'"),
        ("user.getClass()", 5, "user has no method 'getClass'"),
        ("app.getClass()", 4, "methods such as 'getClass'"),
        ("org.id", 4, "there is name, subDomain"),
        ("access.token", 7, "there is scope"),
        ("session.id", 8, "there is amr"),
        ("group.name", 0, "Explicit references to apps aren't supported"),
        ("zendesk.firstName", 0, "Explicit references to apps aren't supported"),
        ("idpuser.email", 0, "Explicit references to apps aren't supported"),
        ("$app_app.x", 0, "Explicit references to apps aren't supported"),
        ("String.length", 0, "has functions and no members"),
        ("nope + 'x'", 0, "there is no 'nope'"),
        ("user nope", 5, ""),
        ("String.nope('x')", 7, "no function 'String.nope'"),
        ("string.len('x')", 7, "no function 'string.len'"),
        ("String.len()", 7, "takes 1 argument, not 0"),
        ("String.stringSwitch('a', 'b', 'c')", 7, "in pairs"),
        ("Time.now('a', 'b', 'c')", 5, "0 to 2"),
        ("user.nope", 5, "no attribute 'nope'"),
        ("user.email.x", 11, "no member 'x'"),
        ("user.getGroups('x')", 15, "takes maps"),
        ("user.getGroups({'x': 'y'})", 15, "not found by 'x'"),
        ("user.getGroups({'group.id': 'y', 'operator': 'LIKE'})", 45, "EXACT"),
        ("user.getGroups({1: 'y'})", 16, "a key is a text"),
        ("user.getGroups().![secret]", 17, "groups have no 'secret'"),
        ("{1}.![name]", 4, "needs the groups"),
        ("{'a': 1}", 0, "a map is only"),
        ("user.getInternalProperty('password')", 25, "id or status"),
        ("user.getInternalProperty(user.login)", 30, "a text in quotes"),
        ("user.getLinkedObject()", 5, "takes 1 argument"),
        ("getFilteredGroups({'a'}, user.login, 1)", 30, "an expression in quotes"),
        ("getFilteredGroups({'a'}, 'user.login', 1)", 26, "Explicit references"),
        ("getFilteredGroups({'a'}, 'group.nope', 1)", 32, "there is no 'nope'"),
        ("getFilteredGroups({'a'}, 'isMemberOfGroup(''x'')', 1)", 26, "no function"),
        ("getFilteredGroups({'a'}, 'group.name')", 0, "takes 3 arguments"),
        ("user.email matches '('", 19, "not a regular expression"),
        ("user.email matches '(?=x)'", 19, "look-around"),
        ("user.email matches '(a)\\1'", 19, "back references"),
        ("isMemberOfGroupNameRegex('[')", 25, "not a regular expression"),
        ("9223372036854775808", 0, "64 bits"),
        ("'\ud800'", 1, "surrogate"),
        ("'x" + "x" * 1024 + "'", 1024, "at most 1024"),
        ("(" * 100 + "1" + ")" * 100, 64, "nested deeper than 64"),
        ("!" * 100 + "true", 36, "more than 64 operations"),
        ("1" + "+1" * 100, 127, "more than 64 operations"),
        ("app.profile" + ".a" * 200, 136, "more than 64 operations"),
        ("access.scope" + "[0]" * 200, 198, "more than 64 operations"),
    ],
)
def test_what_cannot_be_saved_is_refused_with_the_place(text: str, at: int, problem: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        check(text, STANDARD_ATTRIBUTES)

    assert (refused.value.at, problem in refused.value.problem) == (at, True), refused.value


@pytest.mark.parametrize("text", ["cool", " cool ", "String"])
def test_a_bare_word_that_is_no_name_is_a_text(text: str) -> None:
    check(text, STANDARD_ATTRIBUTES)

    expression = Expression(text)
    assert expression.constant
    assert expression.claim(Run(None)) == text.strip()


@pytest.mark.parametrize("text", ["cool + 'x'", "{cool}", "cool.x", "cool ? 1 : 2", "!cool", "cool()"])
def test_a_bare_word_is_a_text_as_a_whole_value_only(text: str) -> None:
    with pytest.raises(ExpressionError):
        check(text, STANDARD_ATTRIBUTES)


def test_custom_attributes_are_known_when_they_are_given() -> None:
    check("user.badge ?: user.login", {*STANDARD_ATTRIBUTES, "badge"})


def test_an_attribute_that_is_gone_is_null() -> None:
    """docs/protocol.md §12.2: saved when it existed."""
    assert evaluate("user.gone == null", W) is True


@pytest.mark.parametrize(
    "text",
    [
        "user.firstName ? 1 : 2",
        "user.nothing ? 1 : 2",
        "!user.nothing",
        "user.firstName AND true",
        "user.firstName + {1}",
        "user.salary - user.firstName",
        "-user.firstName",
        "user.firstName < 1",
        "user.isContractor < true",
        "user.salary matches '.*'",
        "user.nothing matches '.*'",
        "user.favoriteColors[2]",
        "user.favoriteColors['0']",
        "user.firstName[0]",
        "user.firstName matches user.lastName + '('",
        "9223372036854775807 + user.groupCode",
        "String.substring(user.firstName, -1, 2)",
        "String.substring(user.firstName, 2, 1)",
        "String.substring(user.firstName, '0', 1)",
        "String.toUpperCase(user.favoriteColors)",
        "Arrays.get(user.favoriteColors, 9)",
        "Arrays.size(user.salary)",
        "Convert.toInt(user.firstName)",
        "Convert.toNum('NaN')",
        "Convert.toInt('1234567890123456789012')",
        "Time.now('../../etc/passwd')",
        "Time.now('Nowhere/Land')",
        "Time.now('UTC', 'q')",
        "Time.now('UTC', '''open')",
        "Time.fromUnixToIso8601('99999999999999')",
        "Time.fromUnixToIso8601('x')",
        "Time.fromWindowsToIso8601('99999999999999999999')",
        "Time.fromIso8601ToUnix('yesterday')",
        "Time.fromStringToIso8601('2015-13-01', 'yyyy-MM-dd')",
        "Time.fromStringToIso8601('2015', 'yyyy-MM-dd')",
        "Time.fromStringToIso8601('2015 x', 'yyyy')",
        "user",
        "app.profile",
        "user.getGroups()",
        "user.getGroups({'group.profile.name': 'x', 'operator': user.firstName})",
        "getFilteredGroups(null, 'group.id', 1)",
        "getFilteredGroups({'x'}, 'group.id', null)",
        "getFilteredGroups({'x'}, 'group.id', 0)",
        "getFilteredGroups({'x'}, 'group.id', true)",
        "getFilteredGroups({'x'}, 'group.id', 101)",
        "Groups.startsWith('OKTA', 'West', 1)",
    ],
)
def test_what_has_no_value_fails_and_the_message_holds_no_value(text: str) -> None:
    with pytest.raises(EvaluationFailed) as failed:
        evaluate(text, G)

    assert not any(value in str(failed.value) for value in ("Winston", "Churchill", "1500000", "West"))


def test_only_the_branch_taken_is_evaluated() -> None:
    assert evaluate("true ? 1 : {1} + 1") == 1
    assert evaluate("false AND {1} + 1 == 2") is False


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("String.toUpperCase('a') + {1, 2}[0]", True),
        ("Time.now()", False),
        ("user.email", False),
        ("isMemberOfGroup('x')", False),
        ("true ? 'a' : app.id", False),
        ("user.getGroups().![id]", False),
        ("findDirectoryUser().x", False),
    ],
)
def test_constants_are_told_from_what_depends_on_the_request(text: str, constant: bool) -> None:
    assert Expression(text).constant is constant


def test_what_was_read_is_known_when_asked_for() -> None:
    reads: dict[str, Any] = {}

    Expression(
        "user.firstName + app.profile.label + user.getLinkedObject('manager').lastName + user.getInternalProperty('id')"
    ).claim(Run(W, reads))

    assert reads == {
        "user.firstName": "Winston",
        "app.profile.label": "Example App",
        "user.getLinkedObject('manager').lastName": "Gates",
        "user.getInternalProperty('id')": "00uWINSTON",
    }


def test_a_regular_expression_says_nothing_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EvaluationFailed):
        evaluate("user.firstName matches user.lastName + '('", W)

    assert capfd.readouterr().err == ""


def test_group_expressions_see_no_user() -> None:
    with pytest.raises(ExpressionError):
        check("getFilteredGroups({'a'}, 'group.name + user.getInternalProperty(''id'')', 1)", STANDARD_ATTRIBUTES)
    assert evaluate("Arrays.isEmpty(getFilteredGroups(app.profile.groupallowlist, 'group.name', 5))", C) is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("appuser.given_name", "Winston"),
        ("appuser.email == user.email", True),
        ("appuser.name != null", True),
        ("appuser.nickname", "Winnie"),
        ("appuser.role", "prime minister"),
        ("appuser.userName", "winston"),
        ("appuser.nothing", None),
    ],
)
def test_an_app_knows_its_users_by_the_standard_claims_unless_assigned_otherwise(text: str, value: Any) -> None:
    assert W.app_user is not None
    assigned = replace(W.app_user, profile={"nickname": "Winnie", "role": "prime minister", "userName": "x"})

    assert evaluate(text, replace(W, app_user=assigned)) == value
