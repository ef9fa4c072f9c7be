"""Musement by requests: everything in the query, then by JSON, as its partners do.

Arguments: the address, the Host.
"""

import sys

import requests
import urllib3

urllib3.disable_warnings()

address, host = sys.argv[1:]
session = requests.Session()
# The environment may name certificates of its own; this one is self-signed.
session.trust_env = False
session.verify = False
session.headers["Host"] = host
client = {"client_id": "21_1abc0def", "client_secret": "9xyz"}

answer = session.get(f"{address}/api/v3/login", params={**client, "grant_type": "client_credentials"})
assert answer.status_code == 200, (answer.status_code, answer.text)
machine = answer.json()
assert machine["scope"] == "user, password", machine

fields = {**client, "grant_type": "password", "username": "ana@example.org", "password": "p4ssw0rd"}
answer = session.post(f"{address}/api/v3/login", json=fields)
assert answer.status_code == 200, (answer.status_code, answer.text)
user = answer.json()


def get(path, token):
    return session.get(f"{address}/api/v3/{path}", headers={"Authorization": f"Bearer {token['access_token']}"})


assert get("cities", machine).status_code == 200
assert get("customers/me", user).status_code == 200
assert get("customers/me", machine).status_code in (401, 403)

# What the page says to do after a 401.
fields = {**client, "grant_type": "refresh_token", "refresh_token": user["refresh_token"]}
answer = session.get(f"{address}/api/v3/login", params=fields)
assert answer.status_code == 200, (answer.status_code, answer.text)
assert get("customers/me", answer.json()).status_code == 200
answer = session.get(f"{address}/api/v3/login", params=fields)
assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), answer.text
print("served")
