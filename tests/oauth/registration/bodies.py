"""What clients that many people use register with: their own words, as they were seen."""

from typing import Any, Final

BOTH: Final = ["authorization_code", "refresh_token"]
CURSOR: Final[dict[str, Any]] = {
    "client_name": "Cursor",
    "redirect_uris": [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://www.cursor.com/agents/mcp/oauth/callback",
        "http://localhost:8787/callback",
    ],
    "grant_types": BOTH,
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "application_type": "web",
}
VS_CODE: Final[dict[str, Any]] = {
    "client_name": "Visual Studio Code",
    "client_uri": "https://code.visualstudio.com",
    "grant_types": [*BOTH, "urn:ietf:params:oauth:grant-type:device_code"],
    "response_types": ["code"],
    "redirect_uris": [
        "https://insiders.vscode.dev/redirect",
        "https://vscode.dev/redirect",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
    ],
    "token_endpoint_auth_method": "none",
    "application_type": "native",
}
MCP_REMOTE: Final[dict[str, Any]] = {
    "client_name": "MCP CLI Proxy",
    "client_uri": "https://github.com/modelcontextprotocol/mcp-cli",
    "redirect_uris": ["http://localhost:3334/oauth/callback"],
    "grant_types": BOTH,
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
    "software_version": "0.15.1",
}
CLAUDE: Final[dict[str, Any]] = {
    "client_name": "Claude",
    "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
    "grant_types": BOTH,
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_post",
    "scope": "claudeai",
}
CHATGPT: Final[dict[str, Any]] = {
    "client_name": "ChatGPT",
    "redirect_uris": [
        "https://chatgpt.com/connector/oauth/Ab_c-9",
        "https://chatgpt.com/connector_platform_oauth_redirect",
    ],
    "grant_types": BOTH,
    "token_endpoint_auth_method": "none",
}
INSPECTOR: Final[dict[str, Any]] = {
    "redirect_uris": ["http://localhost:6274/oauth/callback", "http://localhost:6274/oauth/callback/debug"],
    "token_endpoint_auth_method": "none",
    "grant_types": BOTH,
    "response_types": ["code"],
    "client_name": "MCP Inspector",
    "client_uri": "https://github.com/modelcontextprotocol/inspector",
}
BY_NAME: Final = {
    "cursor": CURSOR,
    "vs code": VS_CODE,
    "mcp-remote": MCP_REMOTE,
    "claude": CLAUDE,
    "chatgpt": CHATGPT,
    "inspector": INSPECTOR,
}
