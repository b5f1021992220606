"""The profile that every user has (the base attributes of Okta's user schema)."""

from typing import Final, Literal

AttributeType = Literal["string"]

#: Name and type of the 31 base attributes. An org may define more; these are always there.
STANDARD_ATTRIBUTES: Final[dict[str, AttributeType]] = {
    "login": "string",
    "email": "string",
    "secondEmail": "string",
    "firstName": "string",
    "lastName": "string",
    "middleName": "string",
    "honorificPrefix": "string",
    "honorificSuffix": "string",
    "title": "string",
    "displayName": "string",
    "nickName": "string",
    "profileUrl": "string",
    "primaryPhone": "string",
    "mobilePhone": "string",
    "streetAddress": "string",
    "city": "string",
    "state": "string",
    "zipCode": "string",
    "countryCode": "string",
    "postalAddress": "string",
    "preferredLanguage": "string",
    "locale": "string",
    "timezone": "string",
    "userType": "string",
    "employeeNumber": "string",
    "costCenter": "string",
    "organization": "string",
    "division": "string",
    "department": "string",
    "managerId": "string",
    "manager": "string",
}
