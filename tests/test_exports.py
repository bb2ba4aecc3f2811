"""What a user can import: the whole public surface is there, and touching a part of it costs nothing else."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import textwrap
import types
from collections.abc import Iterable

import attrs
import pytest

import roomtone
from roomtone import errors

CLIENTS = {
    "chime_sdk_identity": "ChimeSDKIdentityClient",
    "chime_sdk_media_pipelines": "ChimeSDKMediaPipelinesClient",
    "chime_sdk_meetings": "ChimeSDKMeetingsClient",
    "chime_sdk_messaging": "ChimeSDKMessagingClient",
    "chime_sdk_voice": "ChimeSDKVoiceClient",
    "ivs": "IVSClient",
    "ivs_realtime": "IVSRealtimeClient",
    "ivschat": "IVSChatClient",
    "signalwire": "SignalWireClient",
}
TOP_LEVEL = {
    *("Aws", "Client", "Credentials", "Download", "Paginator", "Reply", "SignalWire"),
    *("errors", "from_wire", "join_info", "states", "to_wire", "wait_until", "wait_until_absent", "watch"),
}
HEAVY = {"httpx", "httpcore", "botocore", "cattrs", "respx", "uvicorn", *(f"roomtone.{name}" for name in CLIENTS)}

each_service = pytest.mark.parametrize("package", sorted(CLIENTS))


def in_a_fresh_python(code: str) -> list[str]:
    """What the code prints as JSON, run where nothing was imported before."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))


def heavy(modules: Iterable[str]) -> set[str]:
    return HEAVY & set(modules)


def public_modules() -> list[str]:
    found = [name for _, name, _ in pkgutil.walk_packages(roomtone.__path__, "roomtone.")]
    return [name for name in found if not any(part.startswith("_") for part in name.split("."))]


@pytest.mark.parametrize("name", ["roomtone", *public_modules()])
def test_all_is_there(name: str) -> None:
    """Every name in a module's `__all__` exists, once, and `from module import *` works."""
    module = importlib.import_module(name)
    listed: list[str] = list(getattr(module, "__all__", []))
    assert len(listed) == len(set(listed))
    assert [one for one in listed if not hasattr(module, one)] == []


def test_the_top_level_is_the_contract() -> None:
    """`roomtone` offers the promised names and the nine services; each public name is in `__all__` and in `dir()`."""
    assert set(roomtone.__all__) >= TOP_LEVEL | set(CLIENTS)
    fresh = in_a_fresh_python("import json, roomtone; print(json.dumps(dir(roomtone)))")
    assert {name for name in fresh if not name.startswith("_")} - {"annotations", "TYPE_CHECKING"} == set(
        roomtone.__all__
    )


def test_a_misspelt_name_is_an_attribute_error() -> None:
    """A name that does not exist fails as in any module, in both ways of asking for it."""
    with pytest.raises(AttributeError, match="Cleint"):
        _ = roomtone.Cleint  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="Cleint"):
        exec("from roomtone import Cleint", {})


@each_service
def test_a_client_has_every_service(package: str) -> None:
    """`live.<service>` is that service's client, the same one each time."""
    live = roomtone.Client()
    client = getattr(live, package)
    assert type(client).__name__ == CLIENTS[package]
    assert type(client) is getattr(importlib.import_module(f"roomtone.{package}"), CLIENTS[package])
    assert getattr(live, package) is client


@each_service
def test_a_service_exports_all_of_it(package: str) -> None:
    """A service package exports its client and resources, every shape, error and enum alias, and nothing else."""
    service = importlib.import_module(f"roomtone.{package}")
    models = importlib.import_module(f"roomtone.{package}.models")
    faults = importlib.import_module(f"roomtone.{package}.errors")

    def own(module: types.ModuleType) -> set[str]:
        return {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_")
        }

    aliases = {
        name
        for name, annotation in inspect.get_annotations(models).items()
        if annotation == "TypeAlias" and not name.startswith("_")
    }
    shapes = own(models)
    assert shapes
    assert all(attrs.has(getattr(models, name)) for name in shapes)
    assert own(faults)
    clients = own(importlib.import_module(f"roomtone.{package}.client"))
    assert CLIENTS[package] in clients
    if package == "signalwire":
        clients |= own(importlib.import_module("roomtone.signalwire.resources"))
    assert set(service.__all__) == shapes | aliases | own(faults) | clients


@each_service
def test_an_error_has_two_bases(package: str) -> None:
    """Every error of a service is caught by the service and by exactly one meaning."""
    service = importlib.import_module(f"roomtone.{package}")
    base = getattr(service, CLIENTS[package].removesuffix("Client") + "Error")
    meanings = [cls for cls in vars(errors).values() if inspect.isclass(cls) and cls.__bases__ == (errors.ApiError,)]
    assert len(meanings) == 9
    found = [
        cls
        for name in service.__all__
        if inspect.isclass(cls := getattr(service, name)) and issubclass(cls, errors.RoomtoneError) and cls is not base
    ]
    assert len(found) >= len(meanings)
    assert [cls for cls in found if not issubclass(cls, base)] == []
    assert [cls for cls in found if sum(issubclass(cls, meaning) for meaning in meanings) != 1] == []


def test_import_costs_little() -> None:
    """`import roomtone` loads no HTTP library, no botocore, no cattrs and no service; neither do its own names."""
    modules = in_a_fresh_python(
        f"""
        import json, sys
        import roomtone
        for name in {sorted(TOP_LEVEL)}:
            getattr(roomtone, name)
        roomtone.Aws(region="eu-central-1"), roomtone.SignalWire(space="acme"), roomtone.Client()
        print(json.dumps(sorted(sys.modules)))
        """
    )
    assert "roomtone.client" in modules
    assert heavy(modules) == set()


def test_one_service_costs_one_service() -> None:
    """Touching one service loads that one alone, and no botocore."""
    modules = in_a_fresh_python(
        """
        import json, sys
        import roomtone
        roomtone.Client().ivs
        print(json.dumps(sorted(sys.modules)))
        """
    )
    assert heavy(modules) & {"botocore", *(f"roomtone.{name}" for name in CLIENTS)} == {"roomtone.ivs"}


def test_a_client_reads_no_file() -> None:
    """Creating a client opens no file and no socket, whatever the environment points at."""
    opened = in_a_fresh_python(
        """
        import json, os, sys
        import roomtone
        roomtone.Client, roomtone.Aws, roomtone.SignalWire  # imported; what follows is only what creating does
        os.environ.update(AWS_PROFILE="work", AWS_CONFIG_FILE="/nowhere", AWS_CA_BUNDLE="/nowhere.pem")
        seen = []
        sys.addaudithook(lambda event, args: seen.append(repr((event, *args))) if event.startswith(
            ("open", "os.", "socket.", "subprocess.", "import")) else None)
        roomtone.Client()
        roomtone.Client(aws=roomtone.Aws(profile="work"), signalwire=roomtone.SignalWire(space="acme"))
        print(json.dumps(seen))
        """
    )
    assert opened == []


def test_names_are_found_when_they_are_touched() -> None:
    """`dir` lists every public name though nothing is imported yet; a misspelt one is Python's own error."""
    assert set(roomtone.__all__) <= set(dir(roomtone))
    with pytest.raises(AttributeError, match=r"module 'roomtone' has no attribute 'Cleint'"):
        roomtone.Cleint  # type: ignore[attr-defined]  # noqa: B018
