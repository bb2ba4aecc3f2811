"""The signer against botocore's."""

from __future__ import annotations

import string
from datetime import datetime, timedelta, timezone
from unittest.mock import patch
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from roomtone._http.signing import SigningKey, sign
from roomtone.config import Credentials

NOW = datetime(2026, 11, 21, 12, 30, 5, 999, tzinfo=timezone.utc)
ALWAYS = {"host": "ivs.eu-central-1.amazonaws.com"}


def botocore_signs(method, path, query, headers, body, credentials, region, service, now):
    """The headers that botocore's signer adds to the same request."""
    url = f"https://{headers['host']}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    signer = botocore.auth.SigV4Auth(
        BotocoreCredentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token),
        service,
        region,
    )
    with patch.object(botocore.auth, "get_current_datetime", lambda: now.astimezone(timezone.utc)):
        signer.add_auth(request)
    added = {name.lower(): value for name, value in request.headers.items()}
    return {name: value for name, value in added.items() if name not in headers}


text = st.text(max_size=12)
encoded = text.map(lambda value: quote(value, safe="-._~"))
awkward = st.sampled_from(
    ["", "a", "%2F", "%252F", "a%20b", "~", "-._", "%C3%A9", "arn%3Aaws", "..", ".", "a+b", "a:b@c"]
)
paths = st.lists(encoded | awkward, max_size=5).map(lambda parts: "/" + "/".join(parts))
pairs = (
    st.tuples(encoded, encoded).map("=".join) | encoded | st.sampled_from(["a=1", "a=2", "a=", "a", "a=b=c", "A=1", ""])
)
queries = st.lists(pairs, max_size=6).map("&".join)
header_values = st.text(string.ascii_letters + string.digits + " \t-_/;=,", min_size=1, max_size=20)
headers = st.dictionaries(
    st.sampled_from(["content-type", "x-amz-chime-bearer", "x-amz-a", "x-amz-zz", "x-amz-content"]), header_values
)
visible = st.text(string.ascii_letters + string.digits + "/+=", min_size=1, max_size=40)
credentials = st.builds(Credentials, visible, visible, st.none() | visible)
times = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-11))]),
)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path=paths,
    query=queries,
    extra=headers,
    body=st.binary(max_size=40) | text.map(str.encode),
    credentials=credentials,
    region=st.sampled_from(["eu-central-1", "us-gov-west-1"]),
    service=st.sampled_from(["chime", "ivs", "ivschat"]),
    now=times,
)
def test_signature_equals_botocore(method, path, query, extra, body, credentials, region, service, now):
    """For any request the added headers, the signature among them, are those of botocore."""
    sent = ALWAYS | extra
    ours = sign(
        method=method,
        path=path,
        query=query,
        headers=sent,
        body=body,
        credentials=credentials,
        region=region,
        service=service,
        now=now,
    )
    assert ours == botocore_signs(method, path, query, sent, body, credentials, region, service, now)


def signed(**changes):
    request = {
        "method": "POST",
        "path": "/GetStreamSession",
        "query": "",
        "headers": {**ALWAYS, "content-type": "application/json"},
        "body": b"{}",
        "credentials": Credentials("AKID", "s3cret-key", "t0ken"),
        "region": "eu-central-1",
        "service": "ivs",
        "now": NOW,
    }
    return sign(**(request | changes))


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/GetStream"},
        {"query": "a=1"},
        {"body": b"{ }"},
        {"headers": {**ALWAYS, "content-type": "text/plain"}},
        {"headers": {"host": "127.0.0.1:8900", "content-type": "application/json"}},
        {"headers": {**ALWAYS, "content-type": "application/json", "x-amz-chime-bearer": "arn"}},
        {"credentials": Credentials("AKID", "other-key", "t0ken")},
        {"credentials": Credentials("AKID", "s3cret-key", "other")},
        {"region": "us-east-1"},
        {"service": "ivschat"},
        {"now": NOW + timedelta(seconds=1)},
    ],
)
def test_signature_covers(change):
    """Whatever of a request changes, its signature changes."""
    assert signed(**change)["authorization"].split("Signature=")[1] != signed()["authorization"].split("Signature=")[1]


def test_only_these_headers_are_signed():
    """Signed are host, content-type and x-amz-*; a header that a proxy may change is not."""
    loose = {
        "user-agent": "x",
        "accept": "*/*",
        "content-length": "2",
        "amz-sdk-request": "attempt=1",
        "x-amzn-trace-id": "r",
    }
    headers = {**ALWAYS, "content-type": "application/json", "x-amz-chime-bearer": "arn"}
    with_loose = signed(headers=headers | loose)
    assert with_loose == signed(headers=headers)
    assert (
        "SignedHeaders=content-type;host;x-amz-chime-bearer;x-amz-date;x-amz-security-token,"
        in with_loose["authorization"]
    )


def test_headers_from_an_earlier_attempt_are_replaced():
    """Signing a request again, with the headers of its last attempt still on it, gives what signing it afresh gives."""
    headers = {**ALWAYS, "content-type": "application/json"}
    old = signed(headers=headers, now=NOW - timedelta(minutes=1), credentials=Credentials("AKID", "s3cret-key", "old"))
    assert signed(headers=headers | old) == signed(headers=headers)


def test_secrets_stay_out_of_the_headers():
    """Neither the secret key nor a date in local time leaves with the request."""
    added = signed(now=NOW.astimezone(timezone(timedelta(hours=9))))
    assert added["x-amz-date"] == "20261121T123005Z"
    assert "s3cret-key" not in "".join(added.values())
    assert set(added) == {"x-amz-date", "x-amz-security-token", "authorization"}
    assert "x-amz-security-token" not in signed(credentials=Credentials("AKID", "s3cret-key"))


def test_a_kept_key_signs_as_a_new_one_does():
    """The key that is kept is another one for another day and for other credentials, and shows itself to nobody."""
    key = SigningKey("eu-central-1", "ivs")
    rotated = Credentials("AKID", "another-key", "t0ken")
    same = Credentials("AKID", "s3cret-key", "t0ken")
    for credentials in (same, same, rotated, same):
        for now in (NOW, NOW, NOW + timedelta(days=1), NOW):
            changes = {"credentials": credentials, "now": now}
            assert signed(**changes, key=key) == signed(**changes)
    assert "s3cret" not in repr(key)
    assert not hasattr(key, "__dict__")
