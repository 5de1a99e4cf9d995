"""The wheel holds all that the service needs, and serves from a folder of its own."""

import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START = "import sys; from headrace.cli import main; main(sys.argv[1:])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built and unpacked."""
    built = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        built,
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (file,) = built.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(built / "unpacked")
    return built / "unpacked"


def test_every_file_of_the_package_is_in_it(wheel):
    source = ROOT / "src" / "headrace"
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    there = {
        path.relative_to(wheel / "headrace").as_posix()
        for path in (wheel / "headrace").rglob("*")
        if path.is_file()
    }
    assert wanted - there == set()
    assert len([name for name in there if name.endswith((".html", ".json", ".css", ".js"))]) > 20


@pytest.mark.services
def test_it_serves_in_a_fresh_folder(wheel, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(wheel), "HOME": str(tmp_path / "home")}
    said = "import headrace; print(headrace.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", said], env=environment, check=True, capture_output=True, text=True
    )
    assert found.stdout.startswith(str(wheel))
    place = tmp_path / "bank"
    subprocess.run([sys.executable, "-c", START, "init", place], env=environment, check=True)
    server = subprocess.Popen(
        [sys.executable, "-c", START, "serve", place, "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        lines = iter(server.stdout.readline, "")
        url = next(line.split()[1] for line in lines if line.startswith("Headrace: "))
        page = _page(f"{url}/sign-in").decode()
        links = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        assert len(links) >= 4
        assert all(_page(url + link) for link in links)
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def _page(url):
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own server
        return answer.read()
