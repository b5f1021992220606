"""What people call a browser and its system, by what it calls itself."""

from typing import Final

from ..policy.sign_on.circumstances import platform_of

#: In this order: each of them claims to be those after it, too. What else a browser calls itself is anybody's words.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = {
    "IOS": "iOS",
    "ANDROID": "Android",
    "CHROMEOS": "ChromeOS",
    "WINDOWS": "Windows",
    "MACOS": "macOS",
}


def browser_name(user_agent: str) -> str:
    """What people call it, as in ``Firefox (Windows)``; ``-`` where nobody knows."""
    browser = next((name for token, name in _BROWSERS if token in user_agent), "-")
    platform = platform_of(user_agent)
    system = None if platform is None else _SYSTEMS.get(platform.os)
    return f"{browser} ({system})" if system else browser
