"""The doctor: well against the emulator, and each failure provoked; as people read it, and as JSON of one form."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from threading import Event, Thread
from typing import Any

import anyio
import pytest
import trustme
import uvicorn
from attrs import NOTHING, define, field, fields

import roomtone
from roomtone.__main__ import main
from roomtone._doctor import diagnose
from roomtone._doctor.asking import PROBES, probe_of
from roomtone._doctor.machine import EXTRAS, REQUIRED
from roomtone._doctor.report import Check, Report, failed, ok, warning
from roomtone._doctor.show import render
from roomtone._http.network import AsyncioBackend
from roomtone.client import _AWS_SERVICES
from roomtone.emulator import API_TOKEN, CREDENTIALS, PROJECT_ID, Emulator, serve

ROOT = Path(__file__).parent.parent
SECRETS = (CREDENTIALS.secret_access_key, API_TOKEN, PROJECT_ID, "another-secret", "session-token")

Application = Callable[[Any, Any, Any], Awaitable[None]]


class Switchboard:
    """One server for all tests, whose calls go to the application of the test that runs."""

    application: Application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.application(scope, receive, send)

    def close(self) -> None:
        """Nothing streams here."""


@pytest.fixture(scope="module")
def switchboard() -> Switchboard:
    return Switchboard()


@pytest.fixture(scope="module")
def server(switchboard: Switchboard) -> Iterator[str]:
    with serve(switchboard) as origin:  # type: ignore[arg-type]
        yield origin


@define
class Doctor:
    """The command with an environment of its own, in which all is well until a test spoils it."""

    origin: str
    switchboard: Switchboard
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    status: int = 0
    report: dict[str, Any] = field(factory=dict)

    def answer(self, application: Application) -> None:
        """Has all services played by another application."""
        self.switchboard.application = application

    def set(self, **variables: str | None) -> None:
        for name, value in variables.items():
            if value is None:
                self.monkeypatch.delenv(name, raising=False)
            else:
                self.monkeypatch.setenv(name, value)

    def prints(self, *arguments: str) -> str:
        """What the command prints; never a secret."""
        self.status = main(["doctor", *arguments])
        out, err = self.capsys.readouterr()
        assert err == ""
        assert [secret for secret in SECRETS if secret in out] == []
        return out

    def finds(self, *arguments: str, timeout: str = "5") -> dict[str, dict[str, Any]]:
        """The checks of a run, by `section.name`."""
        self.report = json.loads(self.prints("--json", "--timeout", timeout, *arguments))
        check_form(self.report)
        assert self.status == (1 if self.report["status"] == "failed" else 0)
        return {f"{check['section']}.{check['name']}": check for check in self.report["checks"]}

    def finds_failed(self, name: str, told: str, mend: str, *arguments: str, timeout: str = "5") -> dict[str, Any]:
        """The one check that failed, held against patterns of what it says and of how it is to be mended."""
        found = self.finds(*arguments, timeout=timeout)
        assert {key for key, check in found.items() if check["status"] == "failed"} == {name}
        assert self.status == 1
        assert re.search(told, found[name]["told"]), found[name]
        assert re.search(mend, found[name]["mend"]), found[name]
        return found


@pytest.fixture
def doctor(
    server: str, switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    emulator = Emulator()
    switchboard.application = emulator
    found = Doctor(server, switchboard, monkeypatch, capsys)
    found.set(**emulator.environment(server), COLUMNS="80")
    return found


@pytest.fixture
def nobody() -> str:
    """An origin at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


# What is well

WELL = """\
roomtone doctor VERSION

This machine
  ✓ ok      python        ...
  ✓ ok      packages      ...
  ✓ ok      extras        ...
  ✓ ok      certificates  ...

AWS
  ✓ ok      settings      profile 'default', retry mode standard, at most 3
                          attempts
  ✓ ok      region        eu-central-1, from AWS_REGION
  ✓ ok      credentials   key ...MPLE, from the environment, no end known

Amazon Interactive Video Service (ivs)
  ✓ ok      endpoint      http://127.0.0.1:PORT/ivs, instead of the service's
                          own, from AWS_ENDPOINT_URL_IVS
  ✓ ok      DNS           127.0.0.1 is an address, there is no name to look up
  ✓ ok      TCP           127.0.0.1 port PORT in N ms
  - skipped TLS           plain http has none
  ✓ ok      call          ListChannels answered HTTP 200 in N ms
  ✓ ok      clock         within 2 s of the service's

SignalWire's compatibility API
  ✓ ok      endpoint      http://127.0.0.1:PORT, from SIGNALWIRE_SPACE; project
                          ...4e5f, with a token
  ✓ ok      DNS           127.0.0.1 is an address, there is no name to look up
  ✓ ok      TCP           127.0.0.1 port PORT in N ms
  - skipped TLS           plain http has none
  ✓ ok      call          conferences.list answered HTTP 200 in N ms
  ✓ ok      clock         within 2 s of the service's

All is well: 17 ok, 2 skipped.
"""


def masked(text: str) -> str:
    """What a run printed, without what differs from machine to machine and from run to run."""
    text = text.replace(roomtone.__version__, "VERSION", 1)
    text = re.sub(r"(ok +(?:python|packages|extras|certificates) +).*\n(?: {26}.*\n)*", r"\1...\n", text)
    text = re.sub(r"(127\.0\.0\.1(?::| port ))\d+", r"\1PORT", text)
    return re.sub(r"in [\d.]+ ms", "in N ms", text)


def test_all_is_well(doctor: Doctor) -> None:
    """With the emulator's environment every check is fine; this is what a person reads, on 80 columns."""
    printed = doctor.prints()
    assert masked(printed) == WELL
    assert doctor.status == 0
    assert [line for line in printed.splitlines() if len(line) > 80 and "cacert.pem" not in line] == []


NUMBER, TEXT, TRUTH = (int, float), (str,), (bool,)
MAYBE_TEXT, MAYBE_NUMBER = (str, type(None)), (int, float, type(None))

FACTS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "python": {"roomtone": TEXT, "python": TEXT, "implementation": TEXT, "system": TEXT, "openssl": TEXT},
    "packages": {"versions": (dict,)},
    "extras": {"versions": (dict,), "installed": (list,)},
    "certificates": {"file": MAYBE_TEXT, "folder": MAYBE_TEXT, "source": TEXT},
    "settings": {
        "profile": TEXT,
        "retry_mode": TEXT,
        "max_attempts": NUMBER,
        "use_fips": TRUTH,
        "use_dualstack": TRUTH,
        "corrects_clock": TRUTH,
    },
    "region": {"region": TEXT, "source": TEXT},
    "credentials": {"source": TEXT, "access_key_id_ends": TEXT, "temporary": TRUTH, "expires_at": MAYBE_TEXT},
    "endpoint": {"url": TEXT, "source": MAYBE_TEXT},
    "dns": {"host": TEXT, "addresses": (list,)},
    "tcp": {"port": NUMBER, "connected": (list,), "failures": (dict,), "milliseconds": NUMBER},
    "tls": {"version": TEXT, "cipher": MAYBE_TEXT, "issuer": TEXT, "not_after": TEXT},
    "call": {
        "operation": TEXT,
        "http_status": NUMBER,
        "request_id": MAYBE_TEXT,
        "attempts": NUMBER,
        "milliseconds": NUMBER,
    },
    "clock": {"service_ahead_seconds": NUMBER, "tolerated_seconds": NUMBER},
}
"""The facts of each check that is ok, and the types that they may have."""


def check_form(report: Mapping[str, Any]) -> None:
    """Holds a JSON document against the form that docs/doctor.md describes."""
    assert report.keys() == {"roomtone", "status", "offline", "counts", "checks"}
    assert report["status"] in ("ok", "warning", "failed")
    assert list(report["counts"]) == ["ok", "warning", "failed", "skipped"]
    names = [f"{check['section']}.{check['name']}" for check in report["checks"]]
    assert len(names) == len(set(names)) == sum(report["counts"].values())
    for check in report["checks"]:
        assert list(check) == ["section", "name", "status", "told", "mend", "needs", "facts"]
        status = check["status"]
        assert status in report["counts"]
        assert check["told"]
        assert bool(check["mend"]) == (status in ("warning", "failed"))
        assert check["needs"] is None or (status == "skipped" and check["needs"] in names)
        if status == "ok":
            wanted = FACTS[check["name"]]
            assert wanted.keys() <= check["facts"].keys()
            assert [name for name, types in wanted.items() if not isinstance(check["facts"][name], types)] == []


def test_the_json_has_the_same_facts(doctor: Doctor) -> None:
    found = doctor.finds()
    assert doctor.report["counts"] == {"ok": 17, "warning": 0, "failed": 0, "skipped": 2}
    assert (doctor.report["roomtone"], doctor.report["offline"]) == (roomtone.__version__, False)
    assert found["aws.region"]["facts"] == {"region": "eu-central-1", "source": "AWS_REGION"}
    assert found["aws.credentials"]["facts"]["access_key_id_ends"] == CREDENTIALS.access_key_id[-4:]
    assert found["ivs.endpoint"]["facts"] == {
        "url": f"{doctor.origin}/ivs",
        "custom": True,
        "source": "AWS_ENDPOINT_URL_IVS",
    }
    assert found["ivs.call"]["facts"]["http_status"] == 200
    assert found["machine.packages"]["facts"]["versions"].keys() >= {*REQUIRED, "h11"}


@pytest.mark.parametrize("service", ["chime-sdk-meetings", "chime_sdk_media_pipelines", "ivs", "signalwire"])
def test_a_service_by_name(doctor: Doctor, service: str) -> None:
    """Only what was asked for is checked; AWS's account only where a service of AWS's was."""
    found = doctor.finds("--service", service)
    name = service.replace("_", "-")
    assert found[f"{name}.call"]["status"] == "ok"
    sections = {check["section"] for check in doctor.report["checks"]}
    assert sections == {"machine", name} | ({"aws"} if name != "signalwire" else set())


def test_signalwire_is_left_out_where_nothing_of_it_is_configured(doctor: Doctor) -> None:
    """By default that is no failure; asked for by name, it is."""
    doctor.set(SIGNALWIRE_SPACE=None, SIGNALWIRE_PROJECT_ID=None, SIGNALWIRE_API_TOKEN=None)
    found = doctor.finds()
    assert (doctor.report["status"], found["signalwire.endpoint"]["status"]) == ("ok", "skipped")
    doctor.finds_failed(
        "signalwire.endpoint",
        "no SignalWire space, no project_id, no api_token",
        "SIGNALWIRE_SPACE",
        "--service",
        "signalwire",
    )


# What is wrong with the configuration


def test_no_region(doctor: Doctor) -> None:
    """What builds on it is skipped and says so; SignalWire is checked all the same."""
    doctor.set(AWS_REGION=None, AWS_DEFAULT_REGION=None)
    found = doctor.finds_failed("aws.region", "no AWS region", "export AWS_REGION")
    assert found["ivs.endpoint"]["needs"] == "aws.region"
    assert "AWS region" in found["ivs.endpoint"]["told"]
    assert {found[f"ivs.{name}"]["needs"] for name in ("dns", "tcp", "tls", "call", "clock")} == {"ivs.endpoint"}
    assert found["signalwire.call"]["status"] == "ok"


def test_a_malformed_region(doctor: Doctor) -> None:
    doctor.set(AWS_REGION="eu central")
    doctor.finds_failed("aws.region", "AWS_REGION is malformed", "AWS_REGION")


def test_a_region_with_a_slip(doctor: Doctor) -> None:
    doctor.set(AWS_REGION="eu-centrl-1")
    region = doctor.finds()["aws.region"]
    assert (region["status"], doctor.status) == ("warning", 0)
    assert "did you mean 'eu-central-1'?" in region["told"]


def test_no_credentials(doctor: Doctor) -> None:
    """The way to the service is checked without them."""
    doctor.set(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    found = doctor.finds_failed("aws.credentials", "no AWS credentials", "export AWS_ACCESS_KEY_ID")
    assert found["ivs.tcp"]["status"] == "ok"
    assert found["ivs.call"]["needs"] == "aws.credentials"
    assert (found["ivs.clock"]["status"], found["ivs.clock"]["needs"]) == ("skipped", None)


def test_half_of_the_credentials(doctor: Doctor) -> None:
    doctor.set(AWS_SECRET_ACCESS_KEY=None)
    doctor.finds_failed("aws.credentials", "AWS_SECRET_ACCESS_KEY must be set too", "AWS_SECRET_ACCESS_KEY")


def in_time(**left: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(**left)).isoformat()


def test_credentials_that_have_expired(doctor: Doctor) -> None:
    doctor.set(AWS_CREDENTIAL_EXPIRATION=in_time(minutes=-1))
    doctor.finds_failed("aws.credentials", "have expired", "renew")


def test_credentials_that_end_soon(doctor: Doctor) -> None:
    doctor.set(AWS_CREDENTIAL_EXPIRATION=in_time(minutes=5, seconds=30))
    found = doctor.finds()["aws.credentials"]
    assert (found["status"], doctor.status) == ("warning", 0)
    assert re.search(r"until \S+ \d\d:\d\d UTC \(in 5 min\)$", found["told"])


def test_a_temporary_key_without_its_token(doctor: Doctor) -> None:
    doctor.set(AWS_ACCESS_KEY_ID="ASIAEMULATOREXAMPLE")
    credentials = doctor.finds()["aws.credentials"]
    assert (credentials["status"], credentials["mend"][:21]) == ("warning", "set AWS_SESSION_TOKEN")


def write_profile(path: Path, *lines: str) -> str:
    file = path / "config"
    file.write_text("\n".join(["[profile work]", *lines]), "utf-8")
    return str(file)


def test_a_profile_that_does_not_exist(doctor: Doctor) -> None:
    doctor.set(AWS_PROFILE="nobodys", AWS_ACCESS_KEY_ID=None)
    found = doctor.finds()
    assert {name for name, check in found.items() if check["status"] == "failed"} == {"aws.settings", "aws.credentials"}
    assert "'nobodys'" in found["aws.settings"]["told"]
    assert found["aws.region"]["needs"] == "aws.settings"


def test_what_comes_from_a_profile(doctor: Doctor, tmp_path: Path) -> None:
    """Region, endpoint and credentials say so; credentials that are renewed say when they end."""
    keys = {
        "Version": 1,
        "AccessKeyId": CREDENTIALS.access_key_id,
        "SecretAccessKey": CREDENTIALS.secret_access_key,
        "SessionToken": "session-token",
        "Expiration": in_time(hours=3, seconds=30),
    }
    (tmp_path / "keys.json").write_text(json.dumps(keys), "utf-8")
    config = write_profile(
        tmp_path,
        "region = us-west-2",
        f"endpoint_url = {doctor.origin}/ivs",
        f"credential_process = cat {tmp_path / 'keys.json'}",
    )
    environment = Emulator().environment(doctor.origin)
    doctor.set(**{name: None for name in environment if name.startswith("AWS_")})
    doctor.set(AWS_CONFIG_FILE=config, AWS_PROFILE="work")
    doctor.answer(Emulator(credentials=roomtone.Credentials(*CREDENTIALS_WITH_TOKEN)))
    found = doctor.finds("--service", "ivs")
    assert found["aws.region"]["told"] == f"us-west-2, from `region` in the profile 'work' of {config} and " + FILES
    assert found["aws.credentials"]["facts"]["source"] == "botocore: custom-process"
    ends = datetime.fromisoformat(found["aws.credentials"]["facts"]["expires_at"])
    assert abs(ends - datetime.fromisoformat(keys["Expiration"])) < timedelta(seconds=5)
    assert found["ivs.endpoint"]["facts"]["source"].startswith("`endpoint_url` in the profile 'work'")
    assert found["ivs.call"]["status"] == "ok"


FILES = "~/.aws/credentials"
CREDENTIALS_WITH_TOKEN = (CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key, "session-token")


def test_an_endpoint_for_all_services(doctor: Doctor) -> None:
    doctor.set(AWS_ENDPOINT_URL_IVS=None, AWS_ENDPOINT_URL=f"{doctor.origin}/ivs")
    assert doctor.finds("--service", "ivs")["ivs.endpoint"]["facts"]["source"] == "AWS_ENDPOINT_URL"


def test_the_services_own_endpoint(doctor: Doctor) -> None:
    """Without a custom one it is the region's; offline, nothing is looked up."""
    doctor.set(AWS_ENDPOINT_URL_IVS=None)
    assert doctor.finds("--offline")["ivs.endpoint"]["facts"] == {
        "url": "https://ivs.eu-central-1.amazonaws.com",
        "custom": False,
        "source": None,
    }


def test_a_malformed_endpoint(doctor: Doctor) -> None:
    doctor.set(AWS_ENDPOINT_URL_IVS="ivs.example")
    doctor.finds_failed("ivs.endpoint", "must begin with http", "AWS_ENDPOINT_URL")


def test_a_malformed_space(doctor: Doctor) -> None:
    doctor.set(SIGNALWIRE_SPACE="acme.example.com")
    doctor.finds_failed("signalwire.endpoint", "is no SignalWire space", "SIGNALWIRE_SPACE")


# What is wrong with the network


def test_a_port_that_nobody_listens_on(doctor: Doctor, nobody: str) -> None:
    doctor.set(AWS_ENDPOINT_URL_IVS=nobody)
    found = doctor.finds_failed("ivs.tcp", r"port \d+ cannot be reached: 127\.0\.0\.1 \(", "no firewall")
    assert found["ivs.tls"]["needs"] == "ivs.tcp"
    assert found["ivs.call"]["needs"] == "ivs.tls"


def test_a_proxy_that_is_not_used(doctor: Doctor, nobody: str) -> None:
    doctor.set(AWS_ENDPOINT_URL_IVS=nobody, HTTPS_PROXY="http://proxy.example:3128")
    doctor.finds_failed("ivs.tcp", "cannot be reached", r"does not use HTTPS_PROXY: give Client\(http_client=\)")


def test_a_host_without_an_address(doctor: Doctor) -> None:
    doctor.set(AWS_ENDPOINT_URL_IVS="https://ivs.eu-centrl-1.invalid")
    doctor.finds_failed("ivs.dns", "ivs.eu-centrl-1.invalid has no address", "a slip in AWS_ENDPOINT_URL_IVS")


def test_a_region_without_the_service(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of AWS's own endpoint is made of the region, so that is where to look."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    doctor.set(AWS_ENDPOINT_URL_IVS=None)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    doctor.finds_failed(
        "ivs.dns", "ivs.eu-central-1.amazonaws.com has no address", "whether the service is in it", "--service", "ivs"
    )


def test_one_of_two_addresses_refuses(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """That costs a call nothing, and is no more than a fact."""
    two = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 0)) for n in (1, 2)]
    doctor.set(AWS_ENDPOINT_URL_IVS=f"{doctor.origin.replace('127.0.0.1', 'localhost')}/ivs")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: two)
    found = doctor.finds("--service", "ivs")
    assert found["ivs.dns"]["facts"]["addresses"] == ["127.0.0.1", "127.0.0.2"]
    assert (found["ivs.tcp"]["status"], list(found["ivs.tcp"]["facts"]["failures"])) == ("ok", ["127.0.0.2"])


def test_one_of_two_addresses_hangs(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls can wait for it, so it is told."""
    two = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 0)) for n in (1, 2)]
    doctor.set(AWS_ENDPOINT_URL_IVS=f"{doctor.origin.replace('127.0.0.1', 'localhost')}/ivs")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: two)
    connect = AsyncioBackend.connect_tcp

    async def hang(self: Any, host: str, *arguments: Any, **options: Any) -> Any:
        if host == "127.0.0.2":
            await anyio.sleep_forever()
        return await connect(self, host, *arguments, **options)

    monkeypatch.setattr("roomtone._http.network.AsyncioBackend.connect_tcp", hang)
    found = doctor.finds("--service", "ivs", timeout="0.2")
    assert (found["ivs.tcp"]["status"], doctor.status) == ("warning", 0)
    assert "1 of 2 addresses do not answer: 127.0.0.2" in found["ivs.tcp"]["told"]
    assert found["ivs.call"]["status"] == "ok"


def test_a_name_server_that_hangs(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its look-up is left behind when the time is up."""
    done = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(20))
    doctor.set(AWS_ENDPOINT_URL_IVS="https://ivs.invalid")
    try:
        doctor.finds_failed("ivs.dns", "not done within 0.1 s", "name server", "--service", "ivs", timeout="0.1")
    finally:
        done.set()


def test_a_service_that_does_not_answer(doctor: Doctor) -> None:
    """No check takes longer than the time limit."""

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    doctor.answer(silent)
    began = time.monotonic()
    found = doctor.finds(timeout="0.2")
    assert time.monotonic() - began < 2
    assert (found["ivs.call"]["status"], found["ivs.call"]["told"]) == ("failed", "not done within 0.2 s")
    assert "--timeout" in found["ivs.call"]["mend"]
    assert found["signalwire.call"]["told"] == found["ivs.call"]["told"]


def test_what_hangs_does_not_keep_the_process(tmp_path: Path, doctor: Doctor) -> None:
    """A credential process that hangs is left behind, at the time limit and at the end."""
    config = write_profile(tmp_path, "region = eu-central-1", "credential_process = sleep 10")
    doctor.set(AWS_CONFIG_FILE=config, AWS_PROFILE="work", AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "roomtone", "doctor", "--timeout", "0.5", "--json", "--service", "ivs"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=15,
        check=False,
    )
    assert time.monotonic() - began < 8
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["credentials"]["told"] == "not done within 0.5 s"


# What is wrong with TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="A test's own authority")


@contextmanager
def serving_tls(application: Any, certificate: trustme.LeafCert, folder: Path) -> Iterator[str]:
    key, chain = folder / "key.pem", folder / "chain.pem"
    certificate.private_key_pem.write_to_path(str(key))
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    config = uvicorn.Config(
        application, http="h11", ws="none", lifespan="off", log_config=None, ssl_keyfile=key, ssl_certfile=chain
    )
    served = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=served.run, args=([listener],), daemon=True)
        thread.start()
        while not served.started:
            time.sleep(0.005)
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            served.should_exit = True
            thread.join()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


def test_tls(doctor: Doctor, authority: trustme.CA, trusted: str, tmp_path: Path) -> None:
    """With its authority in SSL_CERT_FILE a server is trusted; without, the mend says so, and nothing is sent."""
    with serving_tls(Emulator(), authority.issue_cert("127.0.0.1"), tmp_path) as origin:
        doctor.set(AWS_ENDPOINT_URL_IVS=f"{origin}/ivs", AWS_CA_BUNDLE=trusted)
        found = doctor.finds_failed(
            "ivs.tls", "certificate is refused: unable to get local issuer", "SSL_CERT_FILE.*AWS_CA_BUNDLE is set"
        )
        assert found["ivs.call"]["needs"] == "ivs.tls"
        doctor.set(SSL_CERT_FILE=trusted)
        found = doctor.finds()
    assert found["machine.certificates"]["facts"] == {"file": trusted, "folder": None, "source": "SSL_CERT_FILE"}
    assert found["ivs.tls"]["facts"]["version"] == "TLSv1.3"
    assert found["ivs.tls"]["facts"]["issuer"] == "A test's own authority"
    assert datetime.fromisoformat(found["ivs.tls"]["facts"]["not_after"]) > datetime.now(timezone.utc)
    assert found["ivs.call"]["status"] == "ok"


async def test_it_runs_on_both_event_loops(
    doctor: Doctor, authority: trustme.CA, trusted: str, tmp_path: Path, anyio_backend: str
) -> None:
    with serving_tls(Emulator(), authority.issue_cert("127.0.0.1"), tmp_path) as origin:
        doctor.set(AWS_ENDPOINT_URL_IVS=f"{origin}/ivs", SSL_CERT_FILE=trusted)
        report = await diagnose(["ivs", "signalwire"], offline=False, limit=5)
        await anyio.wait_all_tasks_blocked()  # so that the loop closes the sockets which the server waits for
    assert {check.name: check.finding.status for check in report.checks if check.section == "ivs"} == dict.fromkeys(
        ("endpoint", "dns", "tcp", "tls", "call", "clock"), "ok"
    )
    assert report.status == "ok"


@pytest.mark.parametrize(
    ("names", "ends", "told", "mend"),
    [
        (["127.0.0.1"], datetime(2020, 1, 1, tzinfo=timezone.utc), "has expired", "clock is wrong"),
        (["127.0.0.2"], None, "IP address mismatch", "another host's"),
        (["host.example"], None, "IP address mismatch", "another host's"),
    ],
)
def test_a_certificate_that_does_not_fit(
    doctor: Doctor,
    authority: trustme.CA,
    trusted: str,
    tmp_path: Path,
    names: list[str],
    ends: datetime | None,
    told: str,
    mend: str,
) -> None:
    certificate = authority.issue_cert(*names, not_after=ends)
    doctor.set(SSL_CERT_FILE=trusted)
    with serving_tls(Emulator(), certificate, tmp_path) as origin:
        doctor.set(AWS_ENDPOINT_URL_IVS=f"{origin}/ivs")
        doctor.finds_failed("ivs.tls", told, mend, "--service", "ivs")


def test_a_server_without_tls(doctor: Doctor) -> None:
    doctor.set(AWS_ENDPOINT_URL_IVS=doctor.origin.replace("http", "https"))
    doctor.finds_failed("ivs.tls", "no TLS: ", "TLS 1.2 or newer", "--service", "ivs")


def test_certificates_that_are_none(doctor: Doctor, tmp_path: Path) -> None:
    """A bundle that cannot be read fails; one that is not there is not used, which is worth a warning."""
    (tmp_path / "bundle.pem").write_text("no certificate", "ascii")
    doctor.set(SSL_CERT_FILE=str(tmp_path / "bundle.pem"))
    found = doctor.finds_failed("machine.certificates", ".", "SSL_CERT_FILE", "--service", "ivs")
    assert found["ivs.tls"]["needs"] == "machine.certificates"
    doctor.set(SSL_CERT_FILE=str(tmp_path / "gone.pem"))
    found = doctor.finds("--service", "ivs")
    assert found["machine.certificates"]["status"] == "warning"
    assert found["machine.certificates"]["facts"]["source"] == "certifi"
    doctor.set(SSL_CERT_DIR=str(tmp_path))
    assert doctor.finds("--service", "ivs")["machine.certificates"]["facts"]["source"] == "SSL_CERT_DIR"


# What services say


def test_a_wrong_key(doctor: Doctor) -> None:
    doctor.set(AWS_ACCESS_KEY_ID="AKIASOMEBODYELSE")
    found = doctor.finds_failed("ivs.call", "does not know the key ...ELSE", "correct the access key id")
    assert found["ivs.call"]["facts"]["code"] == "UnrecognizedClientException"
    assert found["ivs.clock"]["status"] == "ok"


def test_a_wrong_secret(doctor: Doctor) -> None:
    doctor.set(AWS_SECRET_ACCESS_KEY="another-secret")
    doctor.finds_failed("ivs.call", "secret access key is wrong", r"the key \.\.\.MPLE")


def test_a_wrong_token(doctor: Doctor) -> None:
    doctor.set(SIGNALWIRE_API_TOKEN="another-secret")
    doctor.finds_failed("signalwire.call", "HTTP 401: the project id or the API token is wrong", "SIGNALWIRE_API_TOKEN")


def test_a_clock_that_is_off(doctor: Doctor) -> None:
    """roomtone copes with it, so it is a warning, and the time is named."""
    doctor.answer(Emulator(clock=lambda: datetime.now(timezone.utc) + timedelta(minutes=30)))
    found = doctor.finds()
    assert (found["ivs.clock"]["status"], found["ivs.call"]["status"], doctor.status) == ("warning", "ok", 0)
    assert found["ivs.clock"]["told"].startswith("30 min behind the service's")
    assert found["ivs.call"]["facts"]["attempts"] == 2
    assert (found["signalwire.clock"]["status"], found["signalwire.call"]["status"]) == ("warning", "ok")


def test_a_clock_that_is_off_and_not_corrected(doctor: Doctor) -> None:
    """The refused signature is put down to the clock, not to the secret."""
    doctor.set(AWS_DISABLE_CLOCK_SKEW_CORRECTION="true")
    doctor.answer(Emulator(clock=lambda: datetime.now(timezone.utc) - timedelta(minutes=30)))
    found = doctor.finds("--service", "ivs")
    assert (found["ivs.clock"]["status"], found["ivs.call"]["status"]) == ("failed", "failed")
    assert found["ivs.clock"]["told"].startswith("30 min ahead of the service's")
    assert "this machine's clock is wrong" in found["ivs.call"]["told"]
    assert "NTP" in found["ivs.call"]["mend"]


def test_a_clock_that_is_a_little_off(doctor: Doctor) -> None:
    doctor.answer(Emulator(clock=lambda: datetime.now(timezone.utc) + timedelta(seconds=60)))
    clock = doctor.finds("--service", "ivs")["ivs.clock"]
    assert clock["status"] == "ok"
    assert re.fullmatch(r"(59|60) s behind the service's", clock["told"])  # a Date knows no parts of a second


def answering(status: int, content: object, **headers: str) -> Application:
    """An application that gives every request the same answer."""
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})

    return application


def aws_error(status: int, code: str) -> Application:
    """An error of AWS's whose words repeat what was signed, as real ones can."""
    words = f"the canonical request was x-amz-security-token:{SECRETS[-1]} with {CREDENTIALS.secret_access_key}"
    return answering(status, {"message": words}, x_amzn_errortype=code)


@pytest.mark.parametrize(
    ("code", "told", "mend"),
    [
        ("ExpiredTokenException", "the credentials have expired", "aws sso login"),
        ("InvalidSignatureException", "secret access key is wrong", "set the secret"),
        ("SignatureDoesNotMatch", "secret access key is wrong", "set the secret"),
        ("InvalidClientTokenId", "does not know the key ...MPLE", "session token"),
    ],
)
def test_credentials_that_a_service_refuses(doctor: Doctor, code: str, told: str, mend: str) -> None:
    """Each reason has its own mend, and the service's own words are not repeated."""
    doctor.answer(aws_error(403, code))
    doctor.finds_failed("ivs.call", f"{code}.*{told}", mend, "--service", "ivs")


def test_permission_denied_is_not_bad_credentials(doctor: Doctor) -> None:
    """The credentials are good then, so it is a warning: an application may need no such call."""
    doctor.answer(aws_error(403, "AccessDeniedException"))
    call = doctor.finds("--service", "ivs-realtime")["ivs-realtime.call"]
    assert (call["status"], doctor.status) == ("warning", 0)
    assert "the credentials are good" in call["told"]
    assert "`ivs:ListStages` in IAM" in call["mend"]


def test_permission_denied_by_signalwire(doctor: Doctor) -> None:
    doctor.answer(answering(403, {"message": "no"}))
    call = doctor.finds("--service", "signalwire")["signalwire.call"]
    assert (call["status"], doctor.status) == ("warning", 0)
    assert "scope" in call["mend"]


@pytest.mark.parametrize(
    ("application", "told", "mend"),
    [
        (answering(403, "<html>blocked</html>"), "HTTP 403: this is not about the credentials", "no proxy or firewall"),
        (
            answering(401, "<html>who is it</html>"),
            "HTTP 401: this is not about the credentials",
            "no proxy or firewall",
        ),
        (aws_error(403, "MissingAuthenticationTokenException"), "not about the credentials", "alters requests"),
        (answering(200, "<html>please sign in</html>"), "not this API's", "sign-in page"),
        (answering(404, {"message": "Not Found"}), "HTTP 404: that is no answer", "endpoint is the service's"),
        (aws_error(500, "InternalServerException"), "InternalServerException.*the service fails", "status page"),
        (aws_error(503, "ServiceUnavailable"), "the service fails", "status page"),
    ],
)
def test_other_answers(doctor: Doctor, application: Application, told: str, mend: str) -> None:
    doctor.set(AWS_MAX_ATTEMPTS="1")
    doctor.answer(application)
    doctor.finds_failed("ivs.call", told, mend, "--service", "ivs")


@pytest.mark.parametrize(
    ("application", "is_well"),
    [(aws_error(404, "NotFoundException"), True), (answering(404, "<html>no page</html>"), False)],
)
def test_a_meeting_that_is_not_there(doctor: Doctor, application: Application, is_well: bool) -> None:
    """The service's own NotFoundException is the good answer; somebody else's 404 is not."""
    doctor.answer(application)
    assert (doctor.finds("--service", "chime-sdk-meetings")["chime-sdk-meetings.call"]["status"] == "ok") == is_well


def test_too_many_requests(doctor: Doctor) -> None:
    doctor.set(AWS_MAX_ATTEMPTS="1")
    doctor.answer(aws_error(429, "ThrottlingException"))
    assert doctor.finds("--service", "ivs")["ivs.call"]["status"] == "warning"


def test_a_space_that_is_not_there(doctor: Doctor) -> None:
    doctor.answer(answering(404, "<html>no such space</html>"))
    doctor.finds_failed("signalwire.call", "HTTP 404", "SIGNALWIRE_SPACE", "--service", "signalwire")


def test_a_connection_that_breaks_off(doctor: Doctor) -> None:
    async def breaking(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": b"{"})

    doctor.set(AWS_MAX_ATTEMPTS="1")
    doctor.answer(breaking)
    doctor.finds_failed("ivs.call", "broke off", "in between", "--service", "ivs")


def test_a_check_that_breaks_stops_no_other(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> str:
        raise RuntimeError("another-secret")

    monkeypatch.setattr("roomtone._doctor.machine.version", broken)
    found = doctor.finds("--service", "ivs")
    assert found["machine.packages"]["told"] == "the check itself broke with RuntimeError"
    assert found["ivs.call"]["status"] == "ok"


def test_packages_that_are_missing(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra may be missing; what roomtone depends on may not."""

    def installed(name: str) -> str:
        if name in missing:
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr("roomtone._doctor.machine.version", installed)
    missing = {"yarl", "respx", "trio"}
    found = doctor.finds("--offline")
    assert found["machine.extras"]["told"].endswith("; not installed: aiohttp, testing")
    assert found["machine.extras"]["facts"]["installed"] == ["emulator", "fast", "otel"]
    assert "trio" not in found["machine.packages"]["told"]
    missing = {"cattrs"}
    doctor.finds_failed("machine.packages", "cattrs", "pip install .* cattrs$", "--offline")


# Offline


def test_offline_sends_nothing(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is looked up and no socket connects; what can be told without is told."""

    def refuse(*arguments: object, **options: object) -> None:
        pytest.fail("something was sent")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("roomtone._http.credentials._from_botocore", refuse)
    found = doctor.finds("--offline")
    assert doctor.report["offline"] is True
    assert found["aws.credentials"]["status"] == found["signalwire.endpoint"]["status"] == "ok"
    assert {found[f"ivs.{name}"]["told"] for name in ("dns", "tcp", "tls", "call", "clock")} == {"offline"}
    doctor.set(AWS_ACCESS_KEY_ID=None)
    found = doctor.finds("--offline")
    assert (found["aws.credentials"]["status"], doctor.status) == ("skipped", 0)


# The command


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--service", "ivs-chat"], "no service is called 'ivs-chat'; did you mean 'ivschat'?"),
        (["--service"], "expected one argument"),
        (["--timeout", "0"], "a positive number of seconds"),
        (["--timeout", "nan"], "a positive number of seconds"),
        (["--timeout", "soon"], "a positive number of seconds"),
        (["now"], "unrecognized arguments"),
    ],
)
def test_a_wrong_call(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", *arguments])
    assert left.value.code == 2
    assert told in " ".join(capsys.readouterr().err.split())


REPORT = Report(
    version="1.2.3",
    offline=False,
    checks=(
        Check(section="machine", title="This machine", name="python", finding=ok("CPython")),
        Check(section="ivs", title="IVS", name="dns", finding=failed("no address", "look for a slip")),
        Check(section="ivs", title="IVS", name="call", finding=warning("denied " * 12, "allow it " * 12)),
    ),
)


def test_what_a_terminal_cannot_show() -> None:
    """Without symbols it is ASCII; lines are folded under their beginning."""
    plain = render(REPORT, width=60, symbols=False, colours=False)
    assert plain.isascii()
    assert max(map(len, plain.splitlines())) <= 60
    assert "  failed  DNS           no address\n                        > look for a slip\n" in plain
    assert plain.endswith("Something failed: 1 ok, 1 warning, 1 failed.")


def test_colours() -> None:
    """The marks alone are coloured, and the columns stay where they are."""
    plain = render(REPORT, width=80, symbols=True, colours=False)
    coloured = render(REPORT, width=80, symbols=True, colours=True)
    assert "\x1b[31m  ✗ failed  \x1b[0mDNS" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


@pytest.mark.parametrize(
    ("encoding", "variables", "is_plain", "is_coloured"),
    [
        ("utf-8", {}, False, True),
        ("ascii", {"NO_COLOR": "1"}, True, False),
        ("utf-8", {"TERM": "dumb"}, True, False),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="there is no pseudo-terminal")
def test_on_a_terminal(encoding: str, variables: dict[str, str], is_plain: bool, is_coloured: bool) -> None:
    """A real one, of which the far end is read: symbols where it shows them, colours unless they are not wanted."""
    import pty

    near, far = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": encoding, "TERM": "xterm", **variables}
    arguments = [sys.executable, "-W", "error", "-m", "roomtone", "doctor", "--offline", "--service", "signalwire"]
    with subprocess.Popen(arguments, env=environment, stdout=far, stderr=far) as process:
        os.close(far)
        shown = b""
        try:
            while chunk := os.read(near, 4096):
                shown += chunk
        except OSError:  # how Linux tells that the far end was closed
            pass
    os.close(near)
    assert process.returncode == 1
    assert b"Something failed" in shown
    assert (shown.isascii(), b"\x1b[31m" in shown) == (is_plain, is_coloured)


def test_an_output_that_takes_ascii_only(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a path has besides is escaped."""
    folder = tmp_path / "Zertifikate für uns"
    folder.mkdir()
    doctor.set(SSL_CERT_DIR=str(folder))
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["doctor", "--offline"]) == 0
    out.seek(0)
    printed = out.read()
    assert "  skipped DNS           offline\n" in printed
    assert "f\\xfcr" in printed


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends the doctor ends the command, which tells it as the other commands do."""

    async def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("roomtone._doctor.diagnose", interrupt)
    assert main(["doctor"]) == 130


# The tables


def test_the_tables_of_packages_are_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    def names(requirements: list[str]) -> list[str]:
        return [re.split(r"[<>=~! \[;]", requirement)[0] for requirement in requirements]

    assert sorted(REQUIRED) == sorted(names(project["dependencies"]))
    assert {extra: list(found) for extra, found in EXTRAS.items()} == {
        extra: names(found) for extra, found in project["optional-dependencies"].items()
    }


async def test_every_service_is_asked_what_changes_nothing(anyio_backend: str) -> None:
    """All nine have a probe: a safe operation, with no other member required than those that it is given."""
    assert {*PROBES} == {*_AWS_SERVICES, "signalwire"}
    async with roomtone.Client() as live:
        for name, probe in PROBES.items():
            operation, request = probe_of(getattr(live, name.replace("-", "_")))
            assert (operation.safety, operation.service.name) == ("safe", name)
            required = {member.name for member in fields(operation.request) if member.default is NOTHING}
            assert required == {*probe.members}
            few = {getattr(request, member, 1) for member in ("max_results", "page_size")}
            assert few == {1}


def test_the_page_describes_every_fact() -> None:
    """The table of docs/doctor.md has each check with the facts that it has when it is ok."""
    page = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    described = {name: set(re.findall(r"`(\w+)`", facts)) for name, facts in rows}
    assert described.keys() == FACTS.keys()
    assert [name for name, wanted in FACTS.items() if not described[name] >= wanted.keys()] == []
    calls = dict(re.findall(r"^\| `([\w-]+)` \| ([A-Z]\w+|conferences\.list)\b[^|]* \|$", page, re.MULTILINE))
    assert calls == {name: probe.operation for name, probe in PROBES.items()}
