#!/bin/sh
# From an empty deployment to a token, with curl.
# Usage: quick_start.sh URL API_TOKEN
# Leaves the client in client.json and the issuer in the file issuer.
set -eu
ORG=$1
AUTH="Authorization: SSWS $2"

# The member of a JSON object on standard input.
member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
# POST a JSON body to the management API.
make() { curl -sS --fail-with-body -H "$AUTH" -H 'Content-Type: application/json' "$ORG$1" -d "$2"; }

SERVERS=/api/v1/authorizationServers
SERVER=$(make $SERVERS '{"name": "orders", "audiences": ["api://orders"]}' | member id)
make "$SERVERS/$SERVER/scopes" '{"name": "orders:read"}' > /dev/null
POLICY=$(make "$SERVERS/$SERVER/policies" \
  '{"name": "machines", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}' | member id)
make "$SERVERS/$SERVER/policies/$POLICY/rules" '{"name": "all", "conditions": {
  "grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["orders:read"]}}}' > /dev/null
make /oauth2/v1/clients '{"client_name": "orders service", "application_type": "service",
  "grant_types": ["client_credentials"]}' > client.json
echo "$ORG/oauth2/$SERVER" > issuer

curl -sS --fail-with-body -u "$(member client_id < client.json):$(member client_secret < client.json)" \
  "$(cat issuer)/v1/token" -d grant_type=client_credentials -d scope=orders:read
