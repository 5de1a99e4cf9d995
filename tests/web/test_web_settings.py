"""Settings: what a file may say, and that it is safe by default."""

import contextlib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.web.settings import Settings, checked, read_settings, with_values

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "serve.md"
OPEN = {"host": "0.0.0.0"}  # noqa: S104 - what is tested is that it is refused
TLS = {"certificate": "c.pem", "certificate_key": "k.pem", "origin": "https://credit.bank.example"}
BEHIND = {"proxies": ["10.0.0.7", "10.1.0.0/16"], "origin": "https://credit.bank.example"}


def settings(**given):
    return checked(with_values(Settings(), given, "headrace.toml"), "headrace.toml")


def test_the_defaults_serve_this_machine_only():
    found = checked(Settings(), "defaults")
    assert found.is_local
    assert not found.is_secure
    assert found.hosts() == {"localhost", "127.0.0.1", "::1"}


def test_a_file_is_read(tmp_path):
    path = tmp_path / "headrace.toml"
    path.write_text('[packs]\nx = 1\n[serve]\nport = 9000\nproxies = ["10.0.0.7"]\n')
    found = read_settings(path)
    assert (found.port, found.proxies) == (9000, ("10.0.0.7",))
    path.write_text("[packs]\nx = 1\n")
    assert read_settings(path) == Settings() == read_settings(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        ("[serve", "headrace.toml", "no TOML"),
        ("serve = 3", "headrace.toml", "a table"),
        ("[serve]\nprot = 1", "[serve]", "no setting 'prot'"),
        ('[serve]\nport = "80"', "port", "is not a whole number"),
        ("[serve]\nport = true", "port", "is not a whole number"),
        ("[serve]\nport = 70000", "[serve]", "port is a number up to 65535"),
        ("[serve]\nproxies = [1]", "proxies", "is not a text"),
        ('[serve]\nproxies = ["*"]', "[serve]", "proxies are addresses"),
        ('[serve]\nlanguage = "fr"', "[serve]", "language is zh or en"),
        ("[serve]\nidle_minutes = 0", "[serve]", "idle_minutes is positive"),
        ('[serve]\ncertificate = "c.pem"', "[serve]", "come together"),
        ('[serve]\norigin = "https://a.example/x"', "[serve]", "as browsers write it"),
        ('[serve]\norigin = "credit.bank.example"', "[serve]", "as browsers write it"),
        ('[serve]\norigin = "https://Credit.bank.example"', "[serve]", "as browsers write it"),
        ('[serve]\norigin = "https://a.example:443"', "[serve]", "as browsers write it"),
        ('[serve]\norigin = "https://a.example:x"', "[serve]", "as browsers write it"),
        ('[serve]\norigin = "https://me@a.example"', "[serve]", "as browsers write it"),
        (
            '[serve]\norigin = "http://a.example"\ncertificate = "c"\ncertificate_key = "k"',
            "[serve]",
            "with a certificate",
        ),
    ],
)
def test_a_setting_that_cannot_be_says_what_where_and_what_would_be_right(
    tmp_path, text, where, told
):
    path = tmp_path / "headrace.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=told.replace("[", r"\[")) as caught:
        read_settings(path)
    assert where in caught.value.where
    assert caught.value.remedy


@pytest.mark.parametrize(
    "given",
    [
        OPEN,
        OPEN | {"origin": "https://credit.bank.example"},
        OPEN | {"proxies": ["10.0.0.7"]},
        OPEN | {"proxies": ["10.0.0.7"], "origin": "http://credit.bank.example"},
        OPEN | {"certificate": "c.pem", "certificate_key": "k.pem"},
        {"host": "192.168.1.5"},
        {"host": "::"},
    ],
)
def test_it_does_not_listen_beyond_this_machine_in_the_clear(given):
    with pytest.raises(InputError):
        settings(**given)


@pytest.mark.parametrize("given", [OPEN | TLS, OPEN | BEHIND])
def test_it_listens_with_tls_or_behind_a_proxy(given):
    found = settings(**given)
    assert found.is_secure
    assert "credit.bank.example" in found.hosts()


@given(
    st.dictionaries(
        st.sampled_from([each.name for each in fields(Settings)]),
        st.one_of(st.integers(), st.text(max_size=20), st.lists(st.text(max_size=9)), st.none()),
    )
)
def test_any_values_are_settings_or_refused_in_our_words(given):
    with contextlib.suppress(InputError):
        found = settings(**given)
        assert found.is_local or found.is_secure


def test_every_setting_is_documented_and_every_documented_one_exists():
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    listed = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert listed == [each.name for each in fields(Settings)]
