"""What is in `deploy` says what it should: nobody is root, nothing secret is in a file of ours."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from headrace.adapters.workspace import workspace_at
from headrace.web.settings import read_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_every_container_is_shut_in_and_looked_after(name):
    service = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or "build" in service, "the image has one where it is built"
    assert not service.get("privileged", False)
    for value in service.get("environment", {}).values():
        assert not re.search(r"password=|:\w+@", value), "secrets are files"
    image = service.get("image", "x:1")
    assert re.search(r":\d", image), "versions are named"


def test_only_the_proxy_can_be_reached():
    open_ports = [name for name, each in COMPOSE["services"].items() if each.get("ports")]
    assert open_ports == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert COMPOSE["services"]["headrace"]["networks"] == ["inside"]
    assert COMPOSE["services"]["headrace"]["read_only"] is True
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")


def test_the_image_runs_as_nobody_in_particular_and_is_watched():
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    last = text[text.rindex("\nFROM ") :]
    user = re.search(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert user
    assert "0" not in user.groups()
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert "HEALTHCHECK" in last
    assert all(re.search(r":[\d.]+", line) for line in re.findall(r"^FROM (.*)$", text, re.M))
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8").split()
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    for name in " ".join(copied).split():
        assert f"!{name}" in ignored, f"{name} is copied and left out"


def test_the_example_of_settings_is_one(tmp_path):
    shutil.copy(DEPLOY / "headrace.example.toml", tmp_path / "headrace.toml")
    settings = read_settings(tmp_path / "headrace.toml")
    assert settings.is_secure
    proxy = COMPOSE["services"]["proxy"]["networks"]["inside"]["ipv4_address"]
    assert settings.proxies == (proxy,)
    workspace = workspace_at(tmp_path)
    assert workspace.database.startswith("postgresql://headrace@postgres/")
    proxied = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert f"server headrace:{settings.port}" in proxied
    assert settings.origin.removeprefix("https://") in proxied


def test_the_unit_is_hardened():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(DEPLOY / "headrace.service", encoding="utf-8")
    service = unit["Service"]
    for name in ("DynamicUser", "NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert service[name] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze to ask")
    found = subprocess.run(
        [program, "security", "--offline=true", "--threshold=20", DEPLOY / "headrace.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-500:]
