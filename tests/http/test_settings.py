"""Settings: explicit values over the environment over the profile, and what of it is read when."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from roomtone._http import settings as settings_module
from roomtone._http.settings import load
from roomtone.config import Aws
from roomtone.errors import ConfigurationError

pytestmark = pytest.mark.anyio


def write(folder, name, text):
    (folder / name).write_text(textwrap.dedent(text))


# given, environment, profile, attribute, value
PRECEDENCE = [
    ({}, {}, "", "region", None),
    ({}, {}, "region = sa-east-1", "region", "sa-east-1"),
    ({}, {"AWS_DEFAULT_REGION": "us-east-1"}, "region = sa-east-1", "region", "us-east-1"),
    ({}, {"AWS_REGION": "us-east-2", "AWS_DEFAULT_REGION": "us-east-1"}, "region = sa-east-1", "region", "us-east-2"),
    ({}, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, "", "region", "us-east-1"),
    ({"region": "eu-west-1"}, {"AWS_REGION": "us-east-2"}, "region = sa-east-1", "region", "eu-west-1"),
    ({}, {}, "", "use_fips", False),
    ({}, {}, "use_fips_endpoint = true", "use_fips", True),
    ({}, {"AWS_USE_FIPS_ENDPOINT": "FALSE"}, "use_fips_endpoint = true", "use_fips", False),
    ({}, {"AWS_USE_FIPS_ENDPOINT": "True"}, "", "use_fips", True),
    ({"use_fips": False}, {"AWS_USE_FIPS_ENDPOINT": "true"}, "", "use_fips", False),
    ({}, {}, "", "use_dualstack", False),
    ({}, {}, "use_dualstack_endpoint = true", "use_dualstack", True),
    ({}, {"AWS_USE_DUALSTACK_ENDPOINT": "false"}, "use_dualstack_endpoint = true", "use_dualstack", False),
    ({"use_dualstack": True}, {"AWS_USE_DUALSTACK_ENDPOINT": "false"}, "", "use_dualstack", True),
    ({}, {}, "", "retry_mode", "standard"),
    ({}, {}, "retry_mode = adaptive", "retry_mode", "adaptive"),
    ({}, {"AWS_RETRY_MODE": "legacy"}, "retry_mode = adaptive", "retry_mode", "standard"),
    ({"retry_mode": "adaptive"}, {"AWS_RETRY_MODE": "standard"}, "", "retry_mode", "adaptive"),
    ({}, {}, "", "max_attempts", 3),
    ({}, {}, "max_attempts = 4", "max_attempts", 4),
    ({}, {"AWS_MAX_ATTEMPTS": "5"}, "max_attempts = 4", "max_attempts", 5),
    ({"max_attempts": 1}, {"AWS_MAX_ATTEMPTS": "5"}, "max_attempts = 4", "max_attempts", 1),
]


@pytest.mark.parametrize(("given", "environment", "profile", "attribute", "value"), PRECEDENCE)
async def test_precedence(given, environment, profile, attribute, value, env, aws_files):
    """What is given wins over the environment, and that over the profile; an empty variable counts as absent."""
    write(aws_files, "config", f"[default]\n{profile}\n")
    for name, text in environment.items():
        env.setenv(name, text)
    assert getattr(await load(Aws(**given)), attribute) == value


SERVICES_FILE = """\
    [default]
    services = ours
    endpoint_url = https://profile-all.example
    [services ours]
    ivs_realtime =
      endpoint_url = https://profile-realtime.example
    ivschat =
      region = eu-west-1
    """
BOTH_VARIABLES = {
    "AWS_ENDPOINT_URL": "https://env-all.example",
    "AWS_ENDPOINT_URL_IVS_REALTIME": "https://env-realtime.example",
}

# given, environment, files, endpoint of ivs-realtime, endpoint of ivs
ENDPOINTS = [
    (None, {}, "", None, None),
    (None, {}, SERVICES_FILE, "https://profile-realtime.example", "https://profile-all.example"),
    (None, BOTH_VARIABLES, SERVICES_FILE, "https://env-realtime.example", "https://env-all.example"),
    (
        None,
        {"AWS_ENDPOINT_URL": "https://env-all.example"},
        SERVICES_FILE,
        "https://env-all.example",
        "https://env-all.example",
    ),
    (
        None,
        {"AWS_ENDPOINT_URL_IVS_REALTIME": "https://env-realtime.example"},
        SERVICES_FILE,
        "https://env-realtime.example",
        "https://profile-all.example",
    ),
    (None, {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_IVS_REALTIME": ""}, "", None, None),
    ("https://given.example", BOTH_VARIABLES, SERVICES_FILE, "https://given.example", "https://given.example"),
    (
        {"ivs-realtime": "https://given.example"},
        BOTH_VARIABLES,
        SERVICES_FILE,
        "https://given.example",
        "https://env-all.example",
    ),
    ({"ivs_realtime": "https://given.example"}, {}, "", "https://given.example", None),
    (None, {**BOTH_VARIABLES, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, SERVICES_FILE, None, None),
    (
        "https://given.example",
        {**BOTH_VARIABLES, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        "",
        "https://given.example",
        "https://given.example",
    ),
    (None, BOTH_VARIABLES, "[default]\nignore_configured_endpoint_urls = true\n", None, None),
    (
        None,
        {**BOTH_VARIABLES, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
        "[default]\nignore_configured_endpoint_urls = true\n",
        "https://env-realtime.example",
        "https://env-all.example",
    ),
]


SOURCES = {
    None: None,
    "https://given.example": "Aws(endpoint_url=)",
    "https://env-realtime.example": "AWS_ENDPOINT_URL_IVS_REALTIME",
    "https://env-all.example": "AWS_ENDPOINT_URL",
    "https://profile-realtime.example": "`endpoint_url` in the profile 'default'",
    "https://profile-all.example": "`endpoint_url` in the profile 'default'",
}
"""What is said of where each endpoint comes from."""


@pytest.mark.parametrize(("given", "environment", "files", "realtime", "ivs"), ENDPOINTS)
async def test_endpoint_precedence(given, environment, files, realtime, ivs, env, aws_files, services):
    """For endpoints: given, then the service's variable, the general one, the services section, the profile.

    Whichever it is, it is known where it comes from.
    """
    write(aws_files, "config", files)
    for name, text in environment.items():
        env.setenv(name, text)
    settings = await load(Aws(endpoint_url=given))
    assert settings.endpoint_url(services["ivs-realtime"]) == realtime
    assert settings.endpoint_url(services["ivs"]) == ivs
    for service, url in (("ivs-realtime", realtime), ("ivs", ivs)):
        source = settings.endpoint_source(services[service])
        assert (source and source.partition(" of ")[0]) == SOURCES[url]


@pytest.mark.parametrize("ours", [False, True])
async def test_configured_endpoints_are_botocores(ours, env, aws_files, services):
    """Where botocore finds an endpoint in environment and files, the same one is found here."""
    from botocore.configprovider import ConfiguredEndpointProvider
    from botocore.session import Session

    write(aws_files, "config", SERVICES_FILE)
    if ours:
        env.setenv("AWS_ENDPOINT_URL_CHIME_SDK_MEDIA_PIPELINES", "https://pipelines.example")
        env.setenv("AWS_ENDPOINT_URL_IVSCHAT", "https://chat.example")
    settings = await load(Aws())
    session = Session()
    for name, service in services.items():
        oracle = ConfiguredEndpointProvider(session.full_config, session.get_scoped_config(), name)
        assert settings.endpoint_url(service) == oracle.provide()


async def test_profiles(env, aws_files):
    """The profile is the given one, else AWS_PROFILE's; both shared files count."""
    write(aws_files, "config", "[profile one]\nregion = us-east-1\n[default]\nregion = sa-east-1\n")
    write(aws_files, "credentials", "[two]\nregion = us-west-2\n")
    assert (await load(Aws())).region == "sa-east-1"
    env.setenv("AWS_PROFILE", "one")
    assert ((await load(Aws())).region, (await load(Aws())).profile) == ("us-east-1", "one")
    settings = await load(Aws(profile="two"))
    assert (settings.region, settings.profile) == ("us-west-2", "two")
    env.setenv("AWS_PROFILE", "")
    assert ((await load(Aws())).region, (await load(Aws())).profile) == ("sa-east-1", None)


async def test_files_named_by_variables(env, tmp_path):
    """AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name the files; a home directory is expanded in them."""
    write(tmp_path, "elsewhere", "[default]\nregion = us-east-1\n")
    env.setenv("AWS_CONFIG_FILE", "~/elsewhere")
    assert (await load(Aws())).region == "us-east-1"
    for nowhere in (str(tmp_path / "nowhere"), "~no-such-user/config", ""):
        env.setenv("AWS_CONFIG_FILE", nowhere)
        assert (await load(Aws())).region is None
    env.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "elsewhere"))
    assert (await load(Aws())).region == "us-east-1"


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize("with_file", [True, False])
async def test_missing_profile_is_named(explicit, with_file, env, aws_files):
    """A profile that does not exist is an error that names it and the files, whether given or from the environment."""
    if with_file:
        write(aws_files, "config", "[profile other]\nregion = us-east-1\n")
    if not explicit:
        env.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigurationError, match=r"'nobody' of ~/\.aws/config and ~/\.aws/credentials does not exist"):
        await load(Aws(profile="nobody" if explicit else None))


MALFORMED = [
    ({"AWS_MAX_ATTEMPTS": "abc-s3cret"}, "", "AWS_MAX_ATTEMPTS"),
    ({"AWS_MAX_ATTEMPTS": "0"}, "", "AWS_MAX_ATTEMPTS"),
    ({"AWS_MAX_ATTEMPTS": "-1"}, "", "AWS_MAX_ATTEMPTS"),
    ({"AWS_MAX_ATTEMPTS": "9" * 5000}, "", "AWS_MAX_ATTEMPTS"),
    ({"AWS_MAX_ATTEMPTS": "٣"}, "", "AWS_MAX_ATTEMPTS"),
    ({"AWS_RETRY_MODE": "s3cret"}, "", "AWS_RETRY_MODE"),
    ({"AWS_USE_FIPS_ENDPOINT": "yes-s3cret"}, "", "AWS_USE_FIPS_ENDPOINT"),
    ({"AWS_USE_DUALSTACK_ENDPOINT": "1"}, "", "AWS_USE_DUALSTACK_ENDPOINT"),
    ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "1"}, "", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
    ({}, "max_attempts = s3cret", "`max_attempts` in the profile 'default'"),
    ({}, "retry_mode = s3cret", "`retry_mode` in the profile 'default'"),
    ({}, "use_fips_endpoint = s3cret", "`use_fips_endpoint` in the profile 'default'"),
    ({}, "region =\n  s3cret = 1", "`region` in the profile 'default'"),
    ({}, "services = nothere", "'nothere'"),
]


@pytest.mark.parametrize(("environment", "profile", "named"), MALFORMED)
async def test_malformed_values_are_named(environment, profile, named, env, aws_files):
    """A malformed value is an error that names its variable or profile key, and not the value."""
    write(aws_files, "config", f"[default]\n{profile}\n")
    for name, text in environment.items():
        env.setenv(name, text)
    with pytest.raises(ConfigurationError) as caught:
        await load(Aws())
    assert named in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_unreadable_file_is_a_configuration_error(env, aws_files):
    """A config file that is none gives a ConfigurationError with its cause."""
    write(aws_files, "config", "region = s3cret, but in no section\n")
    with pytest.raises(ConfigurationError, match="cannot be read: ConfigParseError") as caught:
        await load(Aws())
    assert caught.value.__cause__ is not None
    assert "s3cret" not in str(caught.value)


async def test_region_is_required_late(env):
    """Without a region everything loads; asking for it says what was tried in order and how to mend it."""
    settings = await load(Aws())
    with pytest.raises(ConfigurationError) as caught:
        settings.required_region()
    tried = ["Aws(region=)", "AWS_REGION", "AWS_DEFAULT_REGION", "the profile 'default'", "eu-central-1"]
    places = [str(caught.value).index(what) for what in tried]
    assert places == sorted(places)
    env.setenv("AWS_REGION", "not a region")
    with pytest.raises(ConfigurationError, match="AWS_REGION is malformed"):
        (await load(Aws())).required_region()


async def test_endpoint_argument_of_another_type(env):
    """An endpoint_url that is neither a str nor a mapping is refused, and an empty one is not read as absent."""
    with pytest.raises(ConfigurationError, match=r"Aws\.endpoint_url"):
        await load(Aws(endpoint_url=7))  # type: ignore[arg-type]


async def test_empty_endpoint_argument_is_not_absent(env, services):
    """An empty endpoint that was given must not lead to AWS itself."""
    env.setenv("AWS_ENDPOINT_URL", "https://env.example")
    assert (await load(Aws(endpoint_url=""))).endpoint_url(services["ivs"]) == ""


async def test_the_region_reaches_botocore(env):
    """The session that botocore's role look-ups use has our region, AWS_REGION's too."""
    env.setenv("AWS_REGION", "eu-north-1")
    assert settings_module.botocore_session(Aws()).get_config_variable("region") == "eu-north-1"
    assert settings_module.botocore_session(Aws(region="eu-west-3")).get_config_variable("region") == "eu-west-3"


@pytest.mark.parametrize(
    ("variables", "config", "imported"),
    [
        ({"AWS_REGION": "eu-central-1"}, None, False),
        ({"AWS_REGION": "eu-central-1", "AWS_PROFILE": ""}, None, False),
        ({"AWS_REGION": "eu-central-1"}, "[default]\n", True),
    ],
)
def test_botocore_is_imported_for_files_only(variables, config, imported, env, aws_files):
    """Settings and credentials from the environment import no botocore while there is no shared config file."""
    if config is not None:
        write(aws_files, "config", config)
    for name, text in {**variables, "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "key"}.items():
        env.setenv(name, text)
    script = """
    import sys, anyio
    from roomtone.config import Aws, Credentials
    from roomtone._http.credentials import CredentialsSource
    from roomtone._http.settings import load

    async def main():
        settings = await load(Aws())
        found = [await CredentialsSource(aws).get() for aws in (Aws(), Aws(credentials=Credentials("AKID", "key")))]
        assert settings.required_region() == "eu-central-1" and {one.access_key_id for one in found} == {"AKID"}

    anyio.run(main)
    print("botocore" in sys.modules, "httpx" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(imported), "False"]
