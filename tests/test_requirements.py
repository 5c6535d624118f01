"""requirements.txt, pyproject.toml and the lock name the same packages, versions and markers."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WINDOWS_ONLY = "tensorflow-intel"
"""pip finds it by itself: tensorflow's own wheel for Windows names it."""
TEST_TOOLS = {"pytest", "pytest-xdist"}
PLATFORMS = {
    "linux-x86_64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    "linux-aarch64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    "macos-arm64": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64"},
}
PYTHONS = ("3.11", "3.12", "3.13")


def pins(lines, python, platform):
    """Name -> version of what is installed there."""
    environment = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.1",
        **PLATFORMS[platform],
    }
    requirements = [Requirement(line) for line in lines]
    wanted = [found for found in requirements if found.marker is None or found.marker.evaluate(environment)]
    assert len({found.name for found in wanted}) == len(wanted)
    return {found.name: str(found.specifier).removeprefix("==") for found in wanted}


def direct(python, platform):
    return pins(PROJECT["dependencies"], python, platform)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_requirements_txt_is_what_the_package_needs_and_the_test_tools(python, platform):
    listed = pins((ROOT / "requirements.txt").read_text().splitlines(), python, platform)
    tools = pins(PROJECT["optional-dependencies"]["dev"], python, platform)
    expected = direct(python, platform) | {name: tools[name] for name in TEST_TOOLS}
    expected.pop(WINDOWS_ONLY, None)
    assert listed == expected


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_has_the_versions_of_pyproject(python, platform):
    text = (ROOT / ".ci" / "requirements.lock").read_text()
    locked = pins(re.findall(r"^([a-z][^\\\n]*) \\$", text, re.MULTILINE), python, platform)
    expected = direct(python, platform) | pins(PROJECT["optional-dependencies"]["dev"], python, platform)
    assert {name: locked.get(name) for name in expected} == expected


def test_every_locked_package_has_a_hash():
    lines = [line for line in (ROOT / ".ci" / "requirements.lock").read_text().splitlines() if "#" not in line]
    packages = [place for place, line in enumerate(lines) if not line.startswith(" ")]
    assert packages and all(lines[place + 1].startswith("    --hash=sha256:") for place in packages)


@pytest.mark.parametrize(("python", "release"), [("3.11", "2.16"), ("3.12", "2.16"), ("3.13", "2.21")])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_tensorflow_and_the_client_of_its_server_are_of_one_release(python, release, platform):
    packages = direct(python, platform)
    assert {packages[name].rsplit(".", 1)[0] for name in ("tensorflow", "tensorflow-serving-api")} == {release}


def test_tensorflow_io_where_it_has_a_wheel():
    has = {
        (python, platform)
        for python in PYTHONS
        for platform in PLATFORMS
        if "tensorflow-io" in direct(python, platform)
    }
    assert has == {(python, platform) for python in ("3.11", "3.12") for platform in PLATFORMS if platform != "windows"}


def test_test_tools_are_not_needed_to_run():
    assert not {Requirement(line).name for line in PROJECT["dependencies"]} & {"pytest", "pytest-xdist", "ruff", "mypy"}
