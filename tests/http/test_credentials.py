"""Credentials: where they come from, one look-up at a time, renewal, cancellation, and messages without secrets."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import anyio.lowlevel
import pytest

from roomtone._http import credentials as module
from roomtone._http.credentials import CredentialsSource
from roomtone.config import Aws, Credentials
from roomtone.errors import ConfigurationError

pytestmark = pytest.mark.anyio

ONE = Credentials("AKONE", "s3cret-one")
TWO = Credentials("AKTWO", "s3cret-two", "token-two")


def write(folder, name, text):
    (folder / name).write_text(textwrap.dedent(text))


def in_seconds(seconds):
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


def ending_in(seconds, key="AKTMP"):
    return Credentials(key, "s3cret-tmp", "token-tmp", in_seconds(seconds))


@contextmanager
def answering(routes) -> Iterator[tuple[str, list[str]]]:
    """A loopback server: what `routes` maps 'METHOD /path' to is answered; the log says what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append(f"{self.command} {self.path}")
            answer = routes.get(f"{self.command} {self.path.partition('?')[0]}")
            body = b"" if answer is None else (answer() if callable(answer) else answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Keep stderr quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def metadata(key="AKMETA", seconds=3600.0):
    return json.dumps(
        {
            "Code": "Success",
            "AccessKeyId": key,
            "SecretAccessKey": "s3cret-meta",
            "Token": "token-meta",
            "Expiration": in_seconds(seconds).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )


def sts(action, key):
    return f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
        <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s3cret-sts</SecretAccessKey><SessionToken>token-sts</SessionToken>
        <Expiration>{in_seconds(3600).isoformat()}</Expiration></Credentials></{action}Result></{action}Response>"""


# The chain


async def test_explicit(env):
    """Given credentials are used as they are; the environment does not count, and nothing can be invalidated."""
    env.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    source = CredentialsSource(Aws(credentials=ONE))
    assert await source.get() is ONE
    source.invalidate()
    assert await source.get() is ONE
    assert source.describe() == "explicit"


async def test_environment(env):
    """The environment's keys, token and expiration are read; the old name of the token comes first, as in botocore."""
    env.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    env.setenv("AWS_SECRET_ACCESS_KEY", "s3cret-env")
    source = CredentialsSource(Aws())
    assert source.describe() == "environment"
    assert await source.get() == Credentials("AKENV", "s3cret-env")
    env.setenv("AWS_SESSION_TOKEN", "new")
    env.setenv("AWS_CREDENTIAL_EXPIRATION", "2100-01-01T00:00:00Z")
    assert await source.get() == Credentials("AKENV", "s3cret-env")
    source.invalidate()
    end = datetime(2100, 1, 1, tzinfo=timezone.utc)
    assert await source.get() == Credentials("AKENV", "s3cret-env", "new", end)
    env.setenv("AWS_SECURITY_TOKEN", "old")
    source.invalidate()
    assert (await source.get()).session_token == "old"
    assert source.describe() == "environment"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKENV"}, "AWS_SECRET_ACCESS_KEY must be set too"),
        (
            {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_CREDENTIAL_EXPIRATION": "s3cret"},
            "AWS_CREDENTIAL_EXPIRATION must be",
        ),
        (
            {
                "AWS_ACCESS_KEY_ID": "A",
                "AWS_SECRET_ACCESS_KEY": "s3cret",
                "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z",
            },
            "in the environment have expired",
        ),
        ({"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s3cret\n"}, "secret_access_key"),
    ],
)
async def test_bad_environment(variables, message, env):
    """Half, malformed or expired credentials in the environment are an error that says which, and shows no secret."""
    for name, value in variables.items():
        env.setenv(name, value)
    with pytest.raises(ConfigurationError, match=message) as caught:
        await CredentialsSource(Aws()).get()
    assert "s3cret" not in str(caught.value)


async def test_shared_file_and_profiles(env, aws_files):
    """An explicit profile overrules the environment's credentials; AWS_PROFILE does not, as in botocore."""
    write(
        aws_files,
        "credentials",
        """\
        [default]
        aws_access_key_id = AKDEF
        aws_secret_access_key = s3cret-def
        [other]
        aws_access_key_id = AKOTH
        aws_secret_access_key = s3cret-oth
        aws_session_token = token-oth
        """,
    )
    source = CredentialsSource(Aws())
    assert source.describe() == "botocore"
    assert await source.get() == Credentials("AKDEF", "s3cret-def")
    assert source.describe() == "botocore: shared-credentials-file"
    env.setenv("AWS_PROFILE", "other")
    assert await CredentialsSource(Aws()).get() == Credentials("AKOTH", "s3cret-oth", "token-oth")
    env.setenv("AWS_PROFILE", "")
    assert await CredentialsSource(Aws()).get() == Credentials("AKDEF", "s3cret-def")
    env.setenv("AWS_PROFILE", "default")
    env.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    env.setenv("AWS_SECRET_ACCESS_KEY", "s3cret-env")
    assert await CredentialsSource(Aws()).get() == Credentials("AKENV", "s3cret-env")
    explicit = CredentialsSource(Aws(profile="other"))
    assert explicit.describe() == "botocore"
    assert (await explicit.get()).access_key_id == "AKOTH"
    with pytest.raises(ConfigurationError, match=r"'nobody' of .* does not exist"):
        await CredentialsSource(Aws(profile="nobody")).get()


async def test_rewritten_file_is_read_again(env, aws_files):
    """After an invalidation the shared file is read afresh."""
    text = "[default]\naws_access_key_id = {}\naws_secret_access_key = s3cret\n"
    write(aws_files, "credentials", text.format("AKOLD"))
    source = CredentialsSource(Aws())
    assert (await source.get()).access_key_id == "AKOLD"
    write(aws_files, "credentials", text.format("AKNEW"))
    assert (await source.get()).access_key_id == "AKOLD"
    source.invalidate()
    assert (await source.get()).access_key_id == "AKNEW"


def process_profile(aws_files, body):
    script = aws_files / "process.py"
    script.write_text(textwrap.dedent(body))
    write(aws_files, "config", f"[default]\ncredential_process = {sys.executable} {script}\n")


async def test_process(env, aws_files):
    """A credential process runs once for many callers at a time."""
    process_profile(
        aws_files,
        f"""
        import json
        with open({str(aws_files / "runs")!r}, "a") as runs:
            runs.write("x")
        print(json.dumps({{"Version": 1, "AccessKeyId": "AKPROC", "SecretAccessKey": "s3cret-proc",
                          "SessionToken": "token-proc", "Expiration": "2100-01-01T00:00:00Z"}}))
        """,
    )
    source = CredentialsSource(Aws())
    found: list[Credentials] = []

    async def one() -> None:
        found.append(await source.get())

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(one)
    assert found == [Credentials("AKPROC", "s3cret-proc", "token-proc")] * 20
    assert (aws_files / "runs").read_text() == "x"
    assert source.describe() == "botocore: custom-process"


@pytest.mark.parametrize(
    "body",
    ["import sys; sys.exit('s3cret')", "print('s3cret')", 'print(\'{"Version": 1, "SecretAccessKey": "s3cret"}\')'],
)
async def test_process_that_fails(body, env, aws_files):
    """What a failing process printed is in no message of ours; the cause is kept, and the steps are named."""
    process_profile(aws_files, body)
    with pytest.raises(ConfigurationError, match="Tried in order: AWS_ACCESS_KEY_ID and") as caught:
        await CredentialsSource(Aws()).get()
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is not None


async def test_container(env):
    """The container endpoint's credentials are found and their end is known."""
    with answering({"GET /creds": metadata("AKCONT")}) as (url, asked):
        env.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/creds")
        source = CredentialsSource(Aws())
        for _ in range(3):
            assert await source.get() == Credentials("AKCONT", "s3cret-meta", "token-meta")
        assert asked == ["GET /creds"]
        assert source.describe() == "botocore: container-role"


async def test_container_that_renews_late(env):
    """Credentials that are about to end from the start are used for a while, not looked up by every call."""
    with answering({"GET /creds": functools.partial(metadata, "AKCONT", 50)}) as (url, asked):
        env.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/creds")
        source = CredentialsSource(Aws())
        assert (await source.get()).access_key_id == "AKCONT"
        before = len(asked)
        for _ in range(5):
            await source.get()
        assert len(asked) == before


async def test_container_that_fails(env):
    """An endpoint that does not answer is a ConfigurationError with its cause, and not an error of botocore's."""
    env.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    with answering({}) as (url, _):
        env.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/creds")
        with pytest.raises(ConfigurationError, match="cannot be had: CredentialRetrievalError") as caught:
            await CredentialsSource(Aws()).get()
    assert type(caught.value.__cause__).__name__ == "CredentialRetrievalError"


async def test_instance_metadata(env):
    """The instance metadata service is the last of the chain."""
    role = "/latest/meta-data/iam/security-credentials/"
    routes = {"PUT /latest/api/token": "imds", f"GET {role}": "myrole", f"GET {role}myrole": metadata("AKIMDS")}
    with answering(routes) as (url, _):
        env.delenv("AWS_EC2_METADATA_DISABLED")
        env.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        source = CredentialsSource(Aws())
        assert await source.get() == Credentials("AKIMDS", "s3cret-meta", "token-meta")
        assert source.describe() == "botocore: iam-role"


async def test_assume_role(env, aws_files):
    """A profile with a role is assumed, in a region that only we know of (AWS_REGION)."""
    write(
        aws_files,
        "config",
        """\
        [default]
        role_arn = arn:aws:iam::123456789012:role/r
        source_profile = base
        [profile base]
        aws_access_key_id = AKBASE
        aws_secret_access_key = s3cret-base
        """,
    )
    with answering({"POST /": sts("AssumeRole", "AKROLE")}) as (url, asked):
        env.setenv("AWS_ENDPOINT_URL_STS", url)
        env.setenv("AWS_REGION", "eu-central-1")
        source = CredentialsSource(Aws())
        assert await source.get() == Credentials("AKROLE", "s3cret-sts", "token-sts")
        assert source.describe() == "botocore: assume-role"
        assert asked == ["POST /"]


async def test_web_identity(env, tmp_path):
    """A web identity token of the environment is exchanged for credentials."""
    write(tmp_path, "token", "a.json.web.token")
    with answering({"POST /": sts("AssumeRoleWithWebIdentity", "AKWEB")}) as (url, _):
        env.setenv("AWS_ENDPOINT_URL_STS", url)
        env.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        env.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        env.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r")
        source = CredentialsSource(Aws())
        assert await source.get() == Credentials("AKWEB", "s3cret-sts", "token-sts")
        assert source.describe() == "botocore: assume-role-with-web-identity"


async def test_sso(env, aws_files):
    """A signed-in SSO profile gives its role's credentials; the region is the profile's, not ours."""
    start = "https://acme.awsapps.example/start"
    write(
        aws_files,
        "config",
        f"""\
        [profile work]
        sso_start_url = {start}
        sso_region = us-east-1
        sso_account_id = 123456789012
        sso_role_name = dev
        """,
    )
    cache = aws_files / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {"accessToken": "s3cret-sso", "expiresAt": in_seconds(3600).strftime("%Y-%m-%dT%H:%M:%SZ")}
    (cache / f"{hashlib.sha1(start.encode()).hexdigest()}.json").write_text(json.dumps(token))
    answer = {
        "roleCredentials": {
            "accessKeyId": "AKSSO",
            "secretAccessKey": "s3cret-role",
            "sessionToken": "token-sso",
            "expiration": int((time.time() + 3600) * 1000),
        }
    }
    with answering({"GET /federation/credentials": json.dumps(answer)}) as (url, _):
        env.setenv("AWS_ENDPOINT_URL_SSO", url)
        # botocore expands the home directory when it is imported.
        env.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(cache))
        source = CredentialsSource(Aws(profile="work", region="eu-central-1"))
        assert await source.get() == Credentials("AKSSO", "s3cret-role", "token-sso")
        assert source.describe() == "botocore: sso"


async def test_no_credentials(env):
    """Without any credentials the error names what was tried, in order, and how to mend it."""
    with pytest.raises(ConfigurationError) as caught:
        await CredentialsSource(Aws()).get()
    text = str(caught.value)
    tried = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "the profile 'default' of ~/.aws/config",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "instance metadata",
        "Aws(credentials=)",
    ]
    places = [text.index(what) for what in tried]
    assert places == sorted(places)


# Providers


class AsyncObject:
    async def __call__(self) -> Credentials:
        return TWO


async def coroutine_function():
    await anyio.lowlevel.checkpoint()
    return TWO


async def given(value):
    await anyio.lowlevel.checkpoint()
    return value


@pytest.mark.parametrize(
    "provider",
    [
        lambda: TWO,
        coroutine_function,
        lambda: given(TWO),
        functools.partial(given, TWO),
        AsyncObject(),
    ],
    ids=["plain", "async", "plain-returning-awaitable", "partial", "object"],
)
async def test_providers(provider):
    """Plain functions, async ones, and callables that return awaitables all provide."""
    source = CredentialsSource(Aws(credentials=provider))
    assert source.describe() == "provider"
    assert await source.get() == TWO
    assert source.describe() == "provider"


async def test_plain_provider_leaves_the_event_loop():
    """A plain provider that blocks runs in a worker thread, and the loop goes on meanwhile."""
    may_end, threads = threading.Event(), []

    def provider():
        threads.append(threading.current_thread())
        assert may_end.wait(5)
        return ONE

    source = CredentialsSource(Aws(credentials=provider))
    async with anyio.create_task_group() as group:
        group.start_soon(source.get)
        await anyio.sleep(0.01)  # the provider waits for us: were it on this thread, we would never come back
        may_end.set()
    assert threads[0] is not threading.current_thread()


def raising(error):
    def provider():
        raise error

    return provider


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        (raising(ValueError("s3cret")), "the provider failed with ValueError"),
        (raising(TimeoutError("s3cret")), "the provider failed with TimeoutError"),
        (raising(ConfigurationError("the vault is sealed")), "^the vault is sealed$"),
        (lambda: {"secret": "s3cret"}, "must return roomtone.Credentials, not dict"),
        (lambda: None, "must return roomtone.Credentials, not NoneType"),
        (functools.partial(given, "s3cret"), "must return roomtone.Credentials, not str"),
        (lambda: given("s3cret"), "must return roomtone.Credentials, not str"),
        (lambda: ending_in(-1), "credentials that have expired"),
    ],
)
async def test_provider_that_fails(provider, message):
    """A provider's failure is a ConfigurationError that names it and repeats nothing of what it said."""
    source = CredentialsSource(Aws(credentials=provider))
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=message) as caught:
            await source.get()
        assert "s3cret" not in str(caught.value)
    assert source.describe() == "provider"


# One look-up at a time


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_single_flight(kind):
    """However many callers ask at a time, the provider is asked once."""
    calls = []

    def plain():
        calls.append(1)
        time.sleep(0.02)
        return ONE

    async def asynchronous():
        calls.append(1)
        await anyio.sleep(0.02)
        return ONE

    source = CredentialsSource(Aws(credentials=plain if kind == "plain" else asynchronous))
    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(source.get)
    assert len(calls) == 1


async def test_failure_is_shared():
    """Who waits for a look-up that fails fails with it, each with an error of its own; the next caller asks again."""
    calls, errors = [], []

    async def provider():
        calls.append(1)
        await anyio.sleep(0.01)
        raise KeyError("s3cret")

    source = CredentialsSource(Aws(credentials=provider))

    async def one() -> None:
        with pytest.raises(ConfigurationError) as caught:
            await source.get()
        errors.append(caught.value)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(one)
    assert len(calls) == 1
    assert len({id(error) for error in errors}) == 10
    assert {type(error.__cause__) for error in errors} == {KeyError}
    await one()
    assert len(calls) == 2


@pytest.mark.parametrize("kind", ["async", "plain", "mixed"])
async def test_cancellation_sweep(kind):
    """Cancel the leader at any point: the others get their credentials, and nothing stays locked."""
    for point in range(14):

        async def slow():
            for _ in range(8):
                await anyio.lowlevel.checkpoint()
            return ONE

        provider = {"async": slow, "plain": lambda: ONE, "mixed": lambda started=slow: started()}[kind]
        source = CredentialsSource(Aws(credentials=provider))
        found: list[Credentials] = []
        scope = anyio.CancelScope()

        async def leader(source, scope) -> None:
            with scope:
                await source.get()

        async def waiter(source, found) -> None:
            found.append(await source.get())

        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(leader, source, scope)
                for _ in range(3):
                    group.start_soon(waiter, source, found)
                for _ in range(point):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
            assert found == [ONE] * 3
            assert await source.get() == ONE
        assert not source._lock.statistics().locked


async def test_look_up_left_by_a_cancelled_caller_serves_the_next():
    """The thread of a cancelled caller is joined, so that short time limits still get to slow credentials."""
    calls, may_end = [], threading.Event()

    def provider():
        calls.append(1)
        assert may_end.wait(5)
        return ONE

    source = CredentialsSource(Aws(credentials=provider))
    for _ in range(3):
        with anyio.move_on_after(0.02) as scope:
            await source.get()
        assert scope.cancelled_caught
    may_end.set()
    assert await source.get() == ONE
    assert len(calls) == 1


async def test_look_up_left_long_ago_is_not_joined():
    """A result that nobody fetched in time is stale: the next caller looks anew."""
    answers, may_end = [ONE, TWO], threading.Event()

    def provider():
        answer = answers.pop(0)
        may_end.wait(5)
        return answer

    source = CredentialsSource(Aws(credentials=provider))
    with anyio.move_on_after(0.02):
        await source.get()
    may_end.set()
    source._thread._began_at -= module.LOOKUP_TIMEOUT + 1
    assert await source.get() == TWO


async def test_time_limit(monkeypatch):
    """A look-up that hangs ends in a ConfigurationError that says what was tried; the next one starts afresh."""
    monkeypatch.setattr(module, "LOOKUP_TIMEOUT", 0.03)
    may_end, answers = threading.Event(), [ONE, TWO]

    def provider():
        answer = answers.pop(0)
        if answer is ONE:
            may_end.wait(5)
        return answer

    source = CredentialsSource(Aws(credentials=provider))
    with pytest.raises(ConfigurationError, match=r"within 0\.03 seconds\. Tried: the credentials provider"):
        await source.get()
    monkeypatch.setattr(module, "LOOKUP_TIMEOUT", 30)
    assert await source.get() == TWO
    may_end.set()


async def test_time_limit_of_the_chain(env, aws_files, monkeypatch):
    """botocore's chain is bounded too."""
    monkeypatch.setattr(module, "LOOKUP_TIMEOUT", 0.02)
    may_end = threading.Event()
    monkeypatch.setattr(module, "_from_botocore", lambda aws: may_end.wait(5))
    with pytest.raises(ConfigurationError, match="Tried: AWS_ACCESS_KEY_ID and"):
        await CredentialsSource(Aws()).get()
    may_end.set()


# Renewal


async def until(done: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not done():
            await anyio.sleep(0.001)


async def test_renewed_ahead_while_nobody_waits():
    """In the advisory window one renewal runs in the background; every caller is served the old ones at once."""
    started, may_end = anyio.Event(), anyio.Event()
    fresh, new = ending_in(600, "AKOLD"), ending_in(3600, "AKNEW")
    answers = [fresh, new]

    async def provider():
        answer = answers.pop(0)
        if answer is new:
            started.set()
            await may_end.wait()
        return answer

    source = CredentialsSource(Aws(credentials=provider))
    assert await source.get() == fresh
    source._tried_at -= module.EARLY_PAUSE + 1
    with anyio.fail_after(5):
        assert [await source.get() for _ in range(5)] == [fresh] * 5
        await started.wait()
        assert [await source.get() for _ in range(5)] == [fresh] * 5
    may_end.set()
    await until(lambda: source._found.credentials == new)
    assert await source.get() == new
    assert not answers


async def test_a_renewal_ahead_ends_with_its_client():
    """Closing ends what goes on in the background."""
    started, ended = anyio.Event(), anyio.Event()
    answers = [ending_in(600)]

    async def provider():
        if answers:
            return answers.pop(0)
        started.set()
        try:
            return await anyio.sleep_forever()
        finally:
            ended.set()

    source = CredentialsSource(Aws(credentials=provider))
    await source.get()
    source._tried_at -= module.EARLY_PAUSE + 1
    await source.get()
    with anyio.fail_after(5):
        await started.wait()
        source.close()
        await ended.wait()
    assert not source._lock.statistics().locked


async def test_failed_early_renewal_costs_nobody_their_call(monkeypatch):
    """While the old credentials serve, a renewal that fails or hangs is no error, and is not tried at every call."""
    monkeypatch.setattr(module, "EARLY_LOOKUP_TIMEOUT", 0.02)
    calls = []
    old = ending_in(600)

    async def provider():
        calls.append(1)
        if len(calls) == 1:
            return old
        if len(calls) == 2:
            raise OSError("s3cret")
        return await anyio.sleep_forever()

    source = CredentialsSource(Aws(credentials=provider))
    for count in (1, 2, 3):
        for _ in range(4):
            assert await source.get() == old
        await until(lambda: len(calls) == count and not source._lock.statistics().locked)  # noqa: B023
        source._tried_at -= module.EARLY_PAUSE + 1


async def test_mandatory_renewal_is_waited_for_by_all():
    """In the mandatory window everybody waits for the one look-up, and its failure is an error."""
    answers: list[Credentials] = [ending_in(30, "AKOLD"), ending_in(3600, "AKNEW")]
    calls = []

    async def provider():
        calls.append(1)
        await anyio.sleep(0.01)
        if not answers:
            raise OSError("s3cret")
        return answers.pop(0)

    source = CredentialsSource(Aws(credentials=provider))
    assert (await source.get()).access_key_id == "AKOLD"
    source._found_at -= module.SHORT_LIVED_PAUSE + 1
    found = []

    async def one() -> None:
        found.append((await source.get()).access_key_id)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(one)
    assert found == ["AKNEW"] * 5
    assert len(calls) == 2
    source.invalidate()
    with pytest.raises(ConfigurationError, match="OSError"):
        await source.get()


async def test_short_lived_credentials(monkeypatch):
    """Credentials that live shorter than the mandatory window are used, but never past their end."""
    calls = []

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(seconds=51)

    def provider():
        calls.append(1)
        return ending_in(50 if len(calls) == 1 else 3600, f"AK{len(calls)}")

    source = CredentialsSource(Aws(credentials=provider))
    assert [(await source.get()).access_key_id for _ in range(4)] == ["AK1"] * 4
    monkeypatch.setattr(module, "datetime", Later)
    assert (await source.get()).access_key_id == "AK2"


async def test_invalidate():
    """After an expired-token answer the next call looks again; a late answer to an older one forgets nothing newer."""
    answers = [ONE, TWO]
    source = CredentialsSource(Aws(credentials=lambda: answers.pop(0)))
    source.invalidate()
    assert await source.get() == ONE
    source.invalidate(ONE)
    assert await source.get() == TWO
    source.invalidate(ONE)
    assert await source.get() == TWO
    source.invalidate()
    with pytest.raises(ConfigurationError, match="IndexError"):
        await source.get()


async def test_invalidated_while_others_wait():
    """An invalidation between a look-up's end and a waiter's turn breaks neither."""
    answers = [ONE, TWO]

    async def provider():
        await anyio.sleep(0.01)
        return answers.pop(0)

    source = CredentialsSource(Aws(credentials=provider))
    found = []

    async def one() -> None:
        found.append(await source.get())
        source.invalidate(ONE)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(one)
    assert set(found) <= {ONE, TWO}
    assert len(found) == 5


async def test_invalidated_during_an_early_renewal():
    """Who asks after an invalidation waits for the renewal that is under way, and does not start another."""
    may_end, answers = threading.Event(), [ending_in(600, "AKOLD"), ending_in(3600, "AKNEW")]

    def provider():
        answer = answers.pop(0)
        if not answers:
            assert may_end.wait(5)
        return answer

    source = CredentialsSource(Aws(credentials=provider))
    old = await source.get()
    source._tried_at -= module.EARLY_PAUSE + 1
    assert await source.get() == old
    await until(lambda: not answers)
    found = []

    async def one() -> None:
        found.append((await source.get()).access_key_id)

    async with anyio.create_task_group() as group:
        source.invalidate(old)
        group.start_soon(one)
        await anyio.sleep(0.01)
        may_end.set()
    assert found == ["AKNEW"]


async def test_botocores_expiry_is_asked_for(env):
    """What botocore found is renewed when botocore says that it ends soon."""
    answers = iter([metadata("AKOLD", 3600), metadata("AKNEW", 3600)])
    with answering({"GET /creds": lambda: next(answers)}) as (url, _):
        env.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/creds")
        source = CredentialsSource(Aws())
        assert (await source.get()).access_key_id == "AKOLD"
        env.setattr(module, "ADVISORY_WINDOW", 2 * 3600)
        source._tried_at -= module.EARLY_PAUSE + 1
        assert (await source.get()).access_key_id == "AKOLD"
        await until(lambda: source._found.credentials.access_key_id == "AKNEW")


async def test_when_they_end(env):
    """Told to the second, whoever gave them; None for those that do not end, and before they are looked up."""
    lasting = ending_in(3600)
    for aws in (Aws(credentials=lasting), Aws(credentials=lambda: lasting)):
        source = CredentialsSource(aws)
        await source.get()
        assert source.expires_at() == lasting.expires_at
    assert CredentialsSource(Aws(credentials=lambda: lasting)).expires_at() is None
    assert CredentialsSource(Aws(credentials=ONE)).expires_at() is None


@pytest.mark.parametrize(("seconds", "known"), [(3600, True), (6 * 24 * 3600, True), (8 * 24 * 3600, False)])
async def test_when_botocores_end(seconds, known, env):
    """botocore tells of no moment, so it is found by asking; what ends in more than a week is not looked for."""
    with answering({"GET /creds": metadata("AKMETA", seconds)}) as (url, _):
        env.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/creds")
        source = CredentialsSource(Aws())
        await source.get()
    told = source.expires_at()
    assert (told is not None) == known
    if told is not None:
        assert abs(told - in_seconds(seconds)) < timedelta(seconds=10)


def test_no_secret_in_repr():
    """Neither the source nor what it holds shows a secret."""
    source = CredentialsSource(Aws(credentials=ONE))
    found = module._Found(TWO, "provider", lambda seconds: False)
    shown = repr(source) + repr(vars(source)) + repr(found)
    assert "s3cret" not in shown
    assert "token-two" not in shown
