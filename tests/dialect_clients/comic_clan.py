"""Comic Clan by requests-oauthlib: sign in, use the token, refresh, use that one.

Arguments: the address of the token endpoint, the address of the API, its Host.
"""

import os
import sys

import requests_oauthlib
import urllib3
from oauthlib.oauth2 import LegacyApplicationClient, OAuth2Error
from requests.auth import HTTPBasicAuth

# The system answers other scopes than it was asked for, and always has.
os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"
urllib3.disable_warnings()

CLIENT = "24051793-7404-44b2-840c-7dda995065fe"
SECRET = "1f9a6a54-7c77-435c-9f37-08dda099fd0b"

tokens, api, host = sys.argv[1:]
basic = HTTPBasicAuth(CLIENT, SECRET)
session = requests_oauthlib.OAuth2Session(client=LegacyApplicationClient(client_id=CLIENT))

token = session.fetch_token(
    token_url=f"{tokens}/oauth/token/",
    username="example@mail.com",
    password="p4ssw0rd",
    auth=basic,
    include_client_id=False,
    verify=False,
)
assert token["expires_in"] == 90000, token
assert token["token_type"] == "bearer", token
assert token["refresh_token"], token

answer = session.get(f"{api}/posts/1", headers={"Host": host}, verify=False)
assert answer.status_code == 200, (answer.status_code, answer.text)

renewed = session.refresh_token(f"{tokens}/oauth/token/", auth=basic, verify=False)
assert renewed["access_token"] != token["access_token"], renewed
assert renewed["refresh_token"] != token["refresh_token"], renewed
answer = session.get(f"{api}/profile/me", headers={"Host": host}, verify=False)
assert answer.status_code == 200, (answer.status_code, answer.text)

try:
    session.fetch_token(
        token_url=f"{tokens}/oauth/token/",
        username="example@mail.com",
        password="wrong",
        auth=basic,
        include_client_id=False,
        verify=False,
    )
except OAuth2Error as error:
    assert error.error == "unauthorized_client", error
else:
    raise AssertionError("a wrong password is right")
print("served")
