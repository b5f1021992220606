"""authmint: OAuth 2.0 and OpenID Connect authorization servers in your own AWS account."""

__version__ = "0.1.0"
