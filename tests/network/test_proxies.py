"""Which proxy is used: curl's rules, and what companies write into these variables."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.errors import InputError
from secuprobe_action.network.proxies import PROXY_VARIABLES, Proxy, proxy_for

API = "https://secuprobe.io/api/v1"
PROXY = "http://proxy.example:3128"


def direct(no_proxy: str, url: str = API) -> bool:
    return proxy_for({"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY, "NO_PROXY": no_proxy}, url) is None


def refused(environment: Mapping[str, str], url: str = API) -> str:
    with pytest.raises(InputError) as raised:
        proxy_for(environment, url)
    return raised.value.message


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://a"}, "a"),
        ({"HTTPS_PROXY": "http://a", "https_proxy": "http://b"}, "b"),
        ({"HTTPS_PROXY": "http://a", "https_proxy": " "}, "a"),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": "http://a"}, None),
        ({"ALL_PROXY": "http://a"}, "a"),
        ({"ALL_PROXY": "http://a", "all_proxy": "http://b", "HTTPS_PROXY": "http://c"}, "c"),
        ({"HTTPS_PROXY": "http://a", "no_proxy": "secuprobe.io", "NO_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://a", "no_proxy": "elsewhere.example", "NO_PROXY": "secuprobe.io"}, "a"),
    ],
)
def test_the_variable_is_that_of_the_scheme_and_lower_case_comes_first(environment: dict[str, str], host: str | None) -> None:
    proxy = proxy_for(environment, API)

    assert (proxy and proxy.host) == host


def test_plain_http_has_its_own_variable_which_a_cgi_program_must_not_believe() -> None:
    environment = {"HTTP_PROXY": "http://a", "HTTPS_PROXY": "http://b"}

    proxy = proxy_for(environment, "http://10.0.0.1/api")

    assert proxy is not None
    assert proxy.host == "a"
    assert proxy_for({**environment, "REQUEST_METHOD": "GET"}, "http://10.0.0.1/api") is None
    assert proxy_for({"http_proxy": "http://a", "REQUEST_METHOD": "GET"}, "http://10.0.0.1/api") is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://proxy.example:3128", Proxy("http", "proxy.example", 3128)),
        ("http://proxy.example:3128/", Proxy("http", "proxy.example", 3128)),
        ("proxy.example:3128", Proxy("http", "proxy.example", 3128)),
        (" http://proxy.example:3128\n", Proxy("http", "proxy.example", 3128)),
        ("http://proxy.example", Proxy("http", "proxy.example", 80)),
        ("https://proxy.example", Proxy("https", "proxy.example", 443)),
        ("HTTP://Proxy_1.Example.:3128", Proxy("http", "proxy_1.example", 3128)),
        ("http://bücher.example:8080", Proxy("http", "xn--bcher-kva.example", 8080)),
        ("http://[::1]:3128", Proxy("http", "::1", 3128)),
        ("http://user@proxy:1", Proxy("http", "proxy", 1, "user", "")),
        ("http://user:p%40ss%2F%23%3a@proxy:1", Proxy("http", "proxy", 1, "user", "p@ss/#:")),
        ("http://user:p#a/s@s?:%@proxy:1", Proxy("http", "proxy", 1, "user", "p#a/s@s?:%")),
        ("http://DOMAIN\\user:pass word@proxy:1\r\n", Proxy("http", "proxy", 1, "DOMAIN\\user", "pass word")),
        ("user:p://s@proxy:1", Proxy("http", "proxy", 1, "user", "p://s")),
    ],
)
def test_a_proxy_is_read_with_the_password_as_it_comes(value: str, expected: Proxy) -> None:
    assert proxy_for({"HTTPS_PROXY": value}, API) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("http://", "http://:3128", "http://user:s3cret@", "http://user:s3cret@proxy:port", "http://user:s3cret@proxy:99999"),
        *("ftp://user:s3cret@proxy", "http://user:s3cret@pro xy", "http://user:s3\ncret@proxy:1", "http://s3cret@[zz]:1"),
        *("http://user:s3cret@proxy:0", "http://user:s3cret@[127.0.0.1]:1", "//user:s3cret@:"),
    ],
)
def test_a_proxy_that_can_not_be_read_is_an_input_error_that_shows_no_part_of_it(value: str) -> None:
    message = refused({"all_proxy": value})

    assert message.startswith("all_proxy: must be a proxy's address")
    assert "s3cret" not in message
    assert "user" not in message


@pytest.mark.parametrize("scheme", ["socks", "socks4", "socks5", "SOCKS5h"])
def test_socks_is_refused_with_the_way_out(scheme: str) -> None:
    message = refused({"ALL_PROXY": f"{scheme}://user:s3cret@127.0.0.1:1080"})

    assert message.startswith("ALL_PROXY: names a SOCKS proxy, which is not supported")
    assert "add secuprobe.io to NO_PROXY" in message
    assert "s3cret" not in message


@pytest.mark.parametrize("value", ["socks://127.0.0.1:7890", "http://user:p:a:s@", "\x00"])
def test_only_a_proxy_that_is_needed_can_be_wrong(value: str) -> None:
    assert proxy_for({"ALL_PROXY": value, "NO_PROXY": "secuprobe.io"}, API) is None
    assert proxy_for({"HTTP_PROXY": value}, API) is None
    assert proxy_for({"ALL_PROXY": value, "HTTPS_PROXY": PROXY}, API) == Proxy("http", "proxy.example", 3128)


@pytest.mark.parametrize(
    "no_proxy",
    [
        *("*", "a.example,*", "secuprobe.io", "SecuProbe.IO.", ".secuprobe.io", "*.secuprobe.io", "io", ".io"),
        *(" a.example , secuprobe.io ", "a.example secuprobe.io", ",,secuprobe.io,", "secuprobe.io:443", "secuprobe.io:*"),
        *("localhost,fd00::/8,secuprobe.io", "[::1],secuprobe.io", "host:*,[:,/,::::,a/b/c,[fe80::%eth0]/x,secuprobe.io"),
    ],
)
def test_a_name_is_exempt_as_curl_has_it(no_proxy: str) -> None:
    assert direct(no_proxy)


@pytest.mark.parametrize(
    "no_proxy",
    [
        *("", ",", " ", "probe.io", "xsecuprobe.io", "api.secuprobe.io", "secuprobe.io:80", "secuprobe.io.example", "."),
        *(
            "*.",
            "sec*",
            "localhost,fd00::/8",
            "[::1]",
            "host:*",
            "https://secuprobe.io",
            "0.0.0.0/0",
            "::/0",
            "/",
            "[",
            "secuprobe.io:",
        ),
    ],
)
def test_other_entries_and_what_can_not_be_read_exempt_nothing(no_proxy: str) -> None:
    assert not direct(no_proxy)


@pytest.mark.parametrize(
    ("no_proxy", "host", "exempt"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.1.2.3/8", "10.9.9.9", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/99", "10.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:8443", "10.1.2.3:8443", True),
        ("10.1.2.3:8443", "10.1.2.3", False),
        ("0.0.1", "127.0.0.1", False),
        (".0.0.1", "127.0.0.1", False),
        ("*", "127.0.0.1", True),
        ("fd00::/8", "[fd00::5]", True),
        ("[fd00::]/8", "[fd00::5]", True),
        ("::1", "[::1]", True),
        ("0:0:0:0:0:0:0:1", "[::1]", True),
        ("[::1]", "[::1]:8443", True),
        ("[::1]:8443", "[::1]:8443", True),
        ("[::1]:8443", "[::1]", False),
        ("10.0.0.0/8", "[::ffff:10.1.2.3]", True),
        ("10.0.0.0/8", "[fd00::5]", False),
    ],
)
def test_addresses_and_networks_are_compared_as_such(no_proxy: str, host: str, exempt: bool) -> None:
    assert direct(no_proxy, f"https://{host}/api/v1") is exempt


def test_a_host_of_another_script_is_compared_as_it_is_looked_up() -> None:
    assert direct("bücher.example", "https://xn--bcher-kva.example/api")
    assert direct("xn--bcher-kva.example", "https://BÜCHER.example./api")


@given(
    st.dictionaries(st.sampled_from(PROXY_VARIABLES), st.text()),
    st.sampled_from([API, "http://[fd00::1]:8080/x", "http://10.0.0.1"]),
)
def test_whatever_the_environment_holds_there_is_a_proxy_or_none_or_an_input_error(environment: dict[str, str], url: str) -> None:
    proxy: Proxy | None = None
    try:
        proxy = proxy_for(environment, url)
    except InputError as error:
        given = [mistake.given for mistake in error.mistakes]
    else:
        given = [None]
    assert given == [None]
    assert proxy is None or (proxy.host and 0 < proxy.port < 65_536)


def test_credentials_are_in_no_representation() -> None:
    proxy = proxy_for({"HTTPS_PROXY": "http://someone:s3cret@proxy:1"}, API)

    assert proxy is not None
    assert "s3cret" not in f"{proxy!r}{proxy.name}{proxy.url}"
    assert "someone" not in f"{proxy!r}{proxy.name}{proxy.url}"
    assert proxy.url == "http://proxy:1"
