"""One site is one site, however its URL is spelled; and two are two."""

import pytest

from secuprobe_action.findings.sites import named_site, site_of


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/", "https://shop.example"),
        ("HTTPS://Shop.Example.:443/?preview=s3cret#top", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        ("https://BÜCHER.example./a", "https://xn--bcher-kva.example/a"),
        ("https://shop.example/A/", "https://shop.example/A/"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://a_b.example", "https://a_b.example"),
        ("https://ü_b.example", "https://ü_b.example"),
        ("https://[broken", "https://[broken"),
        ("shop", "shop"),
    ],
)
def test_a_site_is_scheme_host_port_and_path(url: str, site: str) -> None:
    assert site_of(url) == site
    assert site_of(site) == site


@pytest.mark.parametrize(
    ("name", "site"), [("shop", "shop"), (" the  shop ", "the shop"), ("https://Shop.example/", "https://shop.example")]
)
def test_a_name_is_itself_and_a_url_its_site(name: str, site: str) -> None:
    assert named_site(name) == site
