"""Where load may go: loopback, and what is named."""

import socket

import pytest

from perfstress.engine import guard
from perfstress.errors import ExitCode, GuardTripped, TargetError, UsageError


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://127.9.8.7:1/x/", "http://localhost", "http://[::1]:5"]
)
def test_loopback_is_allowed(url):
    place = guard.find(url, [])
    assert place.scheme == "http"
    assert place.address in ("127.0.0.1", "127.9.8.7", "::1")


def test_the_parts_of_a_url():
    place = guard.find("https://127.0.0.1/base/", [])
    assert (place.scheme, place.port, place.prefix) == ("https", 443, "/base")
    assert guard.find("http://127.0.0.1:81", []).prefix == ""


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8/", "http://192.168.1.1:80", "http://[2001:db8::1]/"]
)
def test_foreign_addresses_are_refused(url):
    with pytest.raises(GuardTripped, match="is not this machine") as caught:
        guard.find(url, [])
    assert caught.value.exit_code == ExitCode.GUARD
    assert "allow_hosts" in caught.value.hint


def test_a_named_host_is_allowed():
    assert guard.find("http://192.0.2.7:81", ["192.0.2.7"]).address == "192.0.2.7"
    with pytest.raises(GuardTripped):
        guard.find("http://192.0.2.7:81", ["192.0.2.8"])


def test_a_name_is_looked_at_after_it_was_resolved(monkeypatch):
    """A name that looks local and resolves to another machine as well is refused."""

    def resolve(host, port, **_):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.5", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(GuardTripped, match=r"localhost is 203\.0\.113\.5"):
        guard.find("http://localhost:80", [])


def test_a_mapped_address_is_what_it_maps_to():
    with pytest.raises(GuardTripped):
        guard.find("http://[::ffff:8.8.8.8]/", [])
    assert guard.find("http://[::ffff:127.0.0.1]/", []).port == 80


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://127.0.0.1:x", "http://u:p@127.0.0.1"],
)
def test_what_is_not_a_url_is_refused(url):
    with pytest.raises(UsageError) as caught:
        guard.find(url, [])
    assert caught.value.slug == "bad-url"
    assert ":p@" not in caught.value.message


def test_an_unknown_name_is_the_targets_fault():
    with pytest.raises(TargetError, match="cannot be resolved"):
        guard.find("http://no-such-host.invalid:80", [])


def test_the_ceiling():
    guard.check_rate(guard.CEILING_HZ)
    with pytest.raises(GuardTripped, match="above the ceiling of 200000/s"):
        guard.check_rate(guard.CEILING_HZ + 1)
    with pytest.raises(GuardTripped, match=r"^a rate of 1e\+300/s is"):
        guard.check_rate(1e300)


def test_localhost_is_where_somebody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = guard.find(f"http://localhost:{server.getsockname()[1]}", [])
        assert place.address == "127.0.0.1"
        assert guard.can_connect(place) == ""
    assert "refused" in guard.can_connect(place)
