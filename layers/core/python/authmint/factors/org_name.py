"""What apps and browsers call the deployment that a factor is for."""

from urllib.parse import urlsplit

from ..storage.org_settings import OrgSettings


def org_name(settings: OrgSettings, base_url: str) -> str:
    """The company's name; the host where nobody set one."""
    return settings.profile.get("companyName") or urlsplit(base_url).hostname or "authmint"
