"""Brands and the words of mail by the official SDK: what it reads it writes back, unchanged."""

from typing import Any

import pytest
from okta.models.email_customization import EmailCustomization

from tests.flows.okta_sdk import Sdk

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_words_of_a_template_round_trip(sdk: Sdk) -> None:
    (brand,) = sdk.list_brands()
    name = "AccountLockout"
    sent = {"language": "en", "subject": "Locked at ${org.name}", "body": "<p>Hello ${user.profile.firstName}</p>"}

    listed = sdk.list_email_templates(brand.id)
    made = sdk.create_email_customization(brand.id, name, instance=EmailCustomization.from_dict(sent))
    read = sdk.get_email_customization(brand.id, name, made.id)
    written = sdk.replace_email_customization(brand.id, name, made.id, instance=_body(read))
    preview = sdk.get_customization_preview(brand.id, name, made.id)
    default = sdk.get_email_default_content(brand.id, name)
    sdk.delete_all_customizations(brand.id, name)

    assert name in [template.name for template in listed]
    assert (read.language, read.subject, read.body, read.is_default) == ("en", sent["subject"], sent["body"], True)
    assert _plain(written) == _plain(read)
    assert (preview.subject, preview.body) == ("Locked at authmint", "<p>Hello John</p>")
    assert "${org.name}" in default.subject
    assert sdk.list_email_customizations(brand.id, name) == []


def _body(read: Any) -> Any:
    members = ("language", "subject", "body", "isDefault")
    return EmailCustomization.from_dict({name: read.to_dict()[name] for name in members})


def _plain(customization: Any) -> dict[str, Any]:
    members: dict[str, Any] = customization.to_dict()
    return {member: value for member, value in members.items() if member != "lastUpdated"}
