"""Endpoints against botocore's rule-sets, and the rules for custom endpoints and SignalWire spaces."""

from __future__ import annotations

import itertools
from functools import cache

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader
from hypothesis import example, given
from hypothesis import strategies as st

from parity.shapes import needs_locked_botocore
from roomtone._http import endpoints as endpoints_module
from roomtone._http.endpoints import Endpoint, aws_endpoint, check_region, signalwire_endpoint
from roomtone._http.partitions import PARTITIONS
from roomtone.errors import ConfigurationError
from roomtone_codegen.partitions import render_partitions

NAMES = [
    "chime-sdk-meetings",
    "chime-sdk-media-pipelines",
    "chime-sdk-identity",
    "chime-sdk-messaging",
    "chime-sdk-voice",
    "ivs",
    "ivs-realtime",
    "ivschat",
]
UNKNOWN_REGIONS = ["eu-central-99", "us-gov-north-7", "cn-south-3", "us-isob-west-9", "mars-1", "xx"]


@cache
def partitions():
    return Loader().load_data("partitions")


@cache
def rules(name):
    return EndpointProvider(Loader().load_service_model(name, "endpoint-rule-set-1"), partitions())


def resolved(service, region, fips, dualstack, custom=None):
    """botocore's answer: a URL, or None for an error."""
    given_ = {"Region": region, "UseFIPS": fips, "UseDualStack": dualstack}
    try:
        found = rules(service.name).resolve_endpoint(**given_, **({"Endpoint": custom} if custom else {}))
    except EndpointProviderError:
        return None
    assert "authSchemes" not in found.properties, "this service would sign for another region or name"
    assert found.headers == {}
    return found.url


def ours(service, region, fips=False, dualstack=False, custom=None, allow_http=False):
    return aws_endpoint(
        service, region=region, use_fips=fips, use_dualstack=dualstack, endpoint_url=custom, allow_http=allow_http
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_region_resolves_as_in_botocore(name, services):
    """Every region of every partition, with FIPS and dual stack or without, has botocore's URL and signs for itself."""
    regions = [region for partition in partitions()["partitions"] for region in partition["regions"]]
    assert len(regions) > 50
    for region, fips, dualstack in itertools.product(regions + UNKNOWN_REGIONS, (False, True), (False, True)):
        endpoint = ours(services[name], region, fips, dualstack)
        assert endpoint.url == resolved(services[name], region, fips, dualstack), (region, fips, dualstack)
        assert endpoint.region == region
        assert f"https://{endpoint.authority}" == endpoint.url


@pytest.mark.parametrize("name", NAMES)
def test_service_facts_are_botocores(name, services):
    """The endpoint prefix and signing name that this folder tests with are those of the models."""
    metadata = Loader().load_service_model(name, "service-2")["metadata"]
    assert services[name].endpoint_prefix == metadata["endpointPrefix"]
    assert services[name].signing_name == metadata.get("signingName", metadata["endpointPrefix"])


@pytest.mark.parametrize("name", NAMES)
def test_partitions_without_a_variant_refuse_it_as_botocore_does(name, services, monkeypatch):
    """Where a partition lacks FIPS or dual stack, what is an error to botocore's rules is an error to us."""
    region = "us-gov-west-1"
    for has_fips, has_dualstack in itertools.product((False, True), (False, True)):
        poorer = {
            "partitions": [
                {**one, "outputs": {**one["outputs"], "supportsFIPS": has_fips, "supportsDualStack": has_dualstack}}
                for one in partitions()["partitions"]
            ]
        }
        oracle = EndpointProvider(Loader().load_service_model(name, "endpoint-rule-set-1"), poorer)
        monkeypatch.setattr(
            endpoints_module,
            "PARTITIONS",
            tuple(one._replace(supports_fips=has_fips, supports_dual_stack=has_dualstack) for one in PARTITIONS),
        )
        for fips, dualstack in itertools.product((False, True), (False, True)):
            try:
                want = oracle.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack).url
            except EndpointProviderError:
                with pytest.raises(ConfigurationError, match="aws-us-gov has no"):
                    ours(services[name], region, fips, dualstack)
            else:
                assert ours(services[name], region, fips, dualstack).url == want


@needs_locked_botocore
def test_partition_data_is_botocores():
    """The generated module says of every partition what botocore's data says."""
    for ours_, theirs in zip(PARTITIONS, partitions()["partitions"], strict=True):
        outputs = theirs["outputs"]
        assert ours_.name == theirs["id"]
        assert ours_.region_regex == theirs["regionRegex"]
        assert ours_.regions == set(theirs["regions"])
        assert (ours_.supports_fips, ours_.supports_dual_stack) == (
            outputs["supportsFIPS"],
            outputs["supportsDualStack"],
        )
        assert (ours_.dns_suffix, ours_.dual_stack_dns_suffix) == (outputs["dnsSuffix"], outputs["dualStackDnsSuffix"])
    assert "description" not in render_partitions()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("fips", "dualstack"), [(True, False), (False, True), (True, True)])
def test_custom_endpoint_with_fips_or_dual_stack_is_refused(name, fips, dualstack, services):
    """A custom endpoint with FIPS or dual stack is an error, as in botocore's rules, and not a flag that is dropped."""
    assert resolved(services[name], "eu-central-1", fips, dualstack, "https://h.example") is None
    with pytest.raises(ConfigurationError, match="neither FIPS nor dual stack"):
        ours(services[name], "eu-central-1", fips, dualstack, custom="https://h.example")


@pytest.mark.parametrize(
    ("url", "want"),
    [
        ("https://proxy.example", ("https://proxy.example", "proxy.example", "")),
        ("https://Proxy.Example/", ("https://proxy.example", "proxy.example", "")),
        ("https://proxy.example:443/aws/", ("https://proxy.example/aws", "proxy.example", "/aws")),
        (
            "https://proxy.example:8443/a%20b/c",
            ("https://proxy.example:8443/a%20b/c", "proxy.example:8443", "/a%20b/c"),
        ),
        ("http://localhost:8900", ("http://localhost:8900", "localhost:8900", "")),
        ("http://127.0.0.1:80", ("http://127.0.0.1", "127.0.0.1", "")),
        ("http://127.8.9.1:1", ("http://127.8.9.1:1", "127.8.9.1:1", "")),
        ("http://[::1]:8900/x", ("http://[::1]:8900/x", "[::1]:8900", "/x")),
        ("https://[2001:db8::1]", ("https://[2001:db8::1]", "[2001:db8::1]", "")),
    ],
)
def test_custom_endpoint(url, want, services):
    """A custom endpoint keeps scheme, host, port and path; the scheme's own port and a trailing slash go."""
    endpoint = ours(services["ivs"], "eu-central-1", custom=url)
    assert (endpoint.url, endpoint.authority, endpoint.path) == want
    assert endpoint.region == "eu-central-1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "proxy.example",
        "//proxy.example",
        "ftp://proxy.example",
        "https://",
        "https:///path",
        "https://user:s3cret@proxy.example",
        "https://s3cret@proxy.example",
        "https://@proxy.example",
        "https://proxy.example?s3cret=1",
        "https://proxy.example?",
        "https://proxy.example/#s3cret",
        "https://proxy.example#",
        "https://proxy.example/a b",
        "https://proxy.example/\r\nx-s3cret: 1",
        "https://proxy.example\n",
        " https://proxy.example",
        "https://proxy.example\t",
        "https://pröxy.example",
        "https://proxy.example:0",
        "https://proxy.example:",
        "https://proxy.example:99999",
        "https://proxy.example:8o",
        "https://proxy..example",
        "https://-proxy.example",
        "https://proxy.example\\@s3cret.example",
        "https://[::1",
        "https://[::g]",
        "https://[::1]x:80",
        "https://[fe80::1%25eth0]",
        "https://[v1.x]",
        "https://proxy.example/a/../b",
        "https://proxy.example/%zz",
        "https://" + "a" * 64 + ".example",
        7,
        None,
    ],
)
def test_malformed_custom_endpoint_is_refused(url, services):
    """What is no plain http(s) origin with a path is refused, and the message does not repeat it."""
    with pytest.raises(ConfigurationError) as caught:
        endpoints_module._parse(url, "endpoint_url", allow_http=True, config="Aws")
    assert str(caught.value).startswith("endpoint_url ")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "http://proxy.example",
        "http://10.0.0.1:80",
        "http://128.0.0.1",
        "http://[::2]",
        "http://localhost.example",
        "http://0.0.0.0",
    ],
)
def test_plain_http_beyond_loopback_wants_leave(url, services):
    """Plain http goes to loopback only, unless allow_http says otherwise."""
    with pytest.raises(ConfigurationError, match=r"Aws\(allow_http=True\)"):
        ours(services["ivs"], "eu-central-1", custom=url)
    assert ours(services["ivs"], "eu-central-1", custom=url, allow_http=True).scheme == "http"


@given(
    st.text(st.characters(codec="utf-8"), max_size=30)
    | st.text("htps:/@?#[]%.a1\\ ", max_size=30).map("https://".__add__)
)
@example("https://a%2f@b")
def test_any_text_is_an_endpoint_or_a_configuration_error(url):
    """No text whatever makes the parser fail otherwise, and what it takes is read back as the same endpoint."""
    try:
        endpoint = endpoints_module._parse(url, "endpoint_url", allow_http=True, config="Aws")
    except ConfigurationError:
        return
    assert endpoints_module._parse(endpoint.url, "endpoint_url", allow_http=True, config="Aws") == endpoint
    assert endpoint.url.isascii()
    assert "@" not in endpoint.authority


@pytest.mark.parametrize(
    "region",
    [
        "",
        " ",
        "eu central",
        "eu-central-1 ",
        "eu-central-1\n",
        "EU-CENTRAL-1",
        "-eu",
        "eu-",
        "1",
        "123",
        "eu.central",
        "a/b",
        "evil.example/#",
        "x" * 64,
        "é",
        None,
        7,
        b"eu",
        "fips-us-east-1",
        "us-east-1-fips",
    ],
)
def test_malformed_region_is_refused(region, services):
    """What is no host label of lower-case letters, digits and hyphens is no region."""
    with pytest.raises(ConfigurationError, match="AWS_REGION"):
        check_region(region, "AWS_REGION")
    with pytest.raises(ConfigurationError):
        ours(services["ivs"], region)
    with pytest.raises(ConfigurationError):
        ours(services["ivs"], region, custom="https://h.example")


@pytest.mark.parametrize(
    ("space", "url"),
    [
        ("acme", "https://acme.signalwire.com"),
        ("ACME", "https://acme.signalwire.com"),
        ("acme-2", "https://acme-2.signalwire.com"),
        ("7up", "https://7up.signalwire.com"),
        ("acme.signalwire.com", "https://acme.signalwire.com"),
        ("Acme.SignalWire.com", "https://acme.signalwire.com"),
        ("https://acme.signalwire.com", "https://acme.signalwire.com"),
        ("https://acme.signalwire.com/", "https://acme.signalwire.com"),
        ("https://acme.signalwire.com:443", "https://acme.signalwire.com"),
        ("127.0.0.1:8900", "http://127.0.0.1:8900"),
        ("localhost:8900", "http://localhost:8900"),
        ("localhost", "http://localhost"),
        ("[::1]:8900", "http://[::1]:8900"),
        ("http://127.0.0.1:8900", "http://127.0.0.1:8900"),
        ("http://127.0.0.1:8900/", "http://127.0.0.1:8900"),
        ("https://localhost:8900", "https://localhost:8900"),
        ("127.0.0.1:443", "http://127.0.0.1:443"),
        ("127.8.9.1", "http://127.8.9.1"),
        ("LOCALHOST:8900/", "http://localhost:8900"),
        ("https://127.0.0.1:8900", "https://127.0.0.1:8900"),
        ("HTTPS://Acme.SignalWire.com", "https://acme.signalwire.com"),
        ("https://sw.example", "https://sw.example"),
        ("https://sw.example:8443/", "https://sw.example:8443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_space(space, url):
    """A space is named by its label, its host or an https URL; a loopback address means plain http."""
    assert signalwire_endpoint(space, None, allow_http=False).url == url


NO_NAME = "is no SignalWire space: write `acme`"
NO_PATH = "must have no path: write `acme`"
NO_HOST = "must be a URL with a valid host and port"
NO_HTTP = "space: plain http is for loopback only. Use https, or allow it with SignalWire(allow_http=True)"


@pytest.mark.parametrize(
    ("space", "reason"),
    [
        ("acme.example", NO_NAME),
        ("signalwire.co", NO_NAME),
        ("acme.signalwire.com.example", NO_NAME),
        ("a.b.signalwire.com", NO_NAME),
        ("signalwire.com", NO_NAME),
        (".signalwire.com", NO_HOST),
        ("acme.signalwire.com.", NO_HOST),
        ("evil/acme", NO_NAME),
        ("acme.signalwire.com/api/laml", NO_PATH),
        ("127.0.0.1:8900/path", NO_PATH),
        ("https://acme.signalwire.com/api/laml", NO_PATH),
        ("acme.signalwire.com:80", NO_NAME),
        ("acme:443", NO_NAME),
        ("10.0.0.1:8900", NO_NAME),
        ("localhost.example", NO_NAME),
        ("-acme", NO_HOST),
        ("acme-", NO_HOST),
        ("a_b", NO_NAME),
        ("a" * 64, NO_HOST),
        ("http://acme.signalwire.com", NO_HTTP),
        ("http://10.0.0.1:8900", NO_HTTP),
        ("http://localhost.example", NO_HTTP),
        ("ftp://acme.signalwire.com", "must begin with http:// or https:// and a host"),
        ("https://", "must begin with http:// or https:// and a host"),
        ("https:///acme", "must begin with http:// or https:// and a host"),
        ("https://acme..signalwire.com", NO_HOST),
        ("https://-acme.signalwire.com", NO_HOST),
        ("https://acme.signalwire.com:0", NO_HOST),
        ("https://acme.signalwire.com:99999", NO_HOST),
        ("https://[::1", NO_HOST),
        ("acme?x", "must have no query and no fragment"),
        ("acme#x", "must have no query and no fragment"),
        ("user@acme", "must hold no user name or password"),
        ("https://u:s3cret@acme.signalwire.com", "must hold no user name or password"),
        ("https://acme.signalwire.com@evil.example", "must hold no user name or password"),
        ("ac me", "must be a URL in ASCII without spaces or line breaks"),
        ("acme\r\n", "must be a URL in ASCII without spaces or line breaks"),
        ("é", "must be a URL in ASCII without spaces or line breaks"),
        (7, "must be a str"),
    ],
)
def test_bad_space_is_refused(space, reason):
    """Anything else is refused with its reason, and not repeated."""
    with pytest.raises(ConfigurationError, match=r"^space\b") as caught:
        signalwire_endpoint(space, None, allow_http=False)
    assert reason in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_plain_http_to_a_space_beyond_loopback_wants_leave():
    """With `allow_http=True` an http URL is taken as it is given; a bare name never means http."""
    assert signalwire_endpoint("http://emulator:8900", None, allow_http=True).url == "http://emulator:8900"
    with pytest.raises(ConfigurationError, match="is no SignalWire space"):
        signalwire_endpoint("emulator:8900", None, allow_http=True)


@given(st.text(max_size=30) | st.text("acme.signalwire:/@?#[]%1-_\\ ", max_size=30))
def test_any_text_is_a_space_or_a_configuration_error(space):
    """No text makes the parser fail otherwise; what it takes is https, or on loopback, and has no path."""
    try:
        endpoint = signalwire_endpoint(space, None, allow_http=False)
    except ConfigurationError:
        return
    assert endpoint.scheme == "https" or endpoints_module._is_loopback(endpoint.host)
    assert endpoint.path == ""
    assert "://" in space or endpoint.host.endswith(".signalwire.com") or endpoints_module._is_loopback(endpoint.host)


@pytest.mark.parametrize("space", [None, ""])
def test_no_space_says_what_was_tried(space):
    """Without space and base_url the error says where they were looked for."""
    with pytest.raises(ConfigurationError, match="SIGNALWIRE_SPACE"):
        signalwire_endpoint(space, None, allow_http=False)


def test_base_url_stands_for_the_space():
    """base_url is any origin, with a path if need be, and wins over the space."""
    endpoint = signalwire_endpoint("acme", "https://gate.example/sw/", allow_http=False)
    assert endpoint == Endpoint(scheme="https", host="gate.example", port=None, path="/sw")
    with pytest.raises(ConfigurationError, match=r"SignalWire\(allow_http=True\)"):
        signalwire_endpoint(None, "http://gate.example", allow_http=False)
    assert signalwire_endpoint(None, "http://gate.example", allow_http=True).url == "http://gate.example"
    with pytest.raises(ConfigurationError, match="API's own path"):
        signalwire_endpoint(None, "https://acme.signalwire.com/api/laml/2010-04-01", allow_http=False)
