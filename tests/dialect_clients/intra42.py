"""42 by requests-oauthlib, as its page's own Ruby and Python examples do it.

Arguments: the address, the Host.
"""

import sys

import requests_oauthlib
import urllib3
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError

urllib3.disable_warnings()

address, host = sys.argv[1:]
headers = {"Host": host, "Accept": "application/json"}


def sign_in(secret):
    session = requests_oauthlib.OAuth2Session(client=BackendApplicationClient(client_id="app42"))
    token = session.fetch_token(
        token_url=f"{address}/oauth/token",
        client_id="app42",
        client_secret=secret,
        include_client_id=True,
        headers=headers,
        verify=False,
    )
    return session, token


session, token = sign_in("app42-secret")
assert token["expires_in"] <= 7200, token
assert token["scope"] == ["public"], token
answer = session.get(f"{address}/v2/me", headers=headers, verify=False)
assert answer.status_code == 200, (answer.status_code, answer.text)

try:
    sign_in("wrong")
except InvalidClientError as error:
    assert error.status_code == 401, error.status_code
else:
    raise AssertionError("a wrong secret is right")
print("served")
