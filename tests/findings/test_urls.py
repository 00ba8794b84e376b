"""URLs as they are shown: a query's names stay, its values don't, and what may be a secret is known in every spelling."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.findings.sites import site_of
from secuprobe_action.findings.urls import MIN_SECRET, secrets_in, shown_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/a;b/c", "https://shop.example/a;b/c"),
        ("https://shop.example/?token=s3cret&x=1", "https://shop.example/?token=***&x=***"),
        ("https://shop.example?a=1;b=2", "https://shop.example?a=***;b=***"),
        ("https://shop.example/?a=&b&&", "https://shop.example/?***&***&&"),
        ("https://shop.example/?QmFzZTY0==#QmFzZTY0=", "https://shop.example/?***#***"),
        ("https://shop.example/?s3cret", "https://shop.example/?***"),
        ("https://shop.example/?a=b=c?d=e", "https://shop.example/?a=***?d=***"),
        ("https://shop.example/?next=https://x.example/y#top", "https://shop.example/?next=***#top"),
        ("https://shop.example/#access_token=s3cret&b", "https://shop.example/#access_token=***&***"),
        ("https://shop.example/#/route?t=s3cret", "https://shop.example/#/route?t=***"),
        ("no url?t=s3cret\nx", "no url?t=***"),
        ("", ""),
    ],
)
def test_values_are_hidden_and_names_are_not(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert shown_url(shown) == shown


def test_a_value_of_eight_characters_may_be_a_secret_and_a_shorter_one_not() -> None:
    assert secrets_in("https://shop.example/path-of-it?a=1234567&b=12345678#fragment-of-it") == ("12345678",)


def test_a_secret_is_known_in_every_spelling() -> None:
    known = secrets_in("https://shop.example/?t=ab%2Fcd%3d+ef")

    assert {"ab%2Fcd%3d+ef", "ab/cd=+ef", "ab/cd= ef", "ab%2Fcd%3D%20ef", "ab%2Fcd%3D+ef", "ab%2fcd%3d+ef"} <= set(known)
    assert [len(each) for each in known] == sorted(map(len, known), reverse=True)


def test_of_several_lines_the_short_ones_are_not_masked() -> None:
    known = secrets_in("https://shop.example/?key=x%0Alonger-line%0D%0Ay")

    assert {"longer-line", "x%0Alonger-line%0D%0Ay"} <= set(known)
    assert not {"x", "y"} & set(known)


@pytest.mark.parametrize("url", ["https://shop.example/?x=%20%20%20%20%20%20%20%20", "https://shop.example/?x=        "])
def test_blanks_are_no_secret(url: str) -> None:
    assert all(secret.strip() for secret in secrets_in(url))


VALUE = st.text(st.characters(codec="utf-8"), min_size=MIN_SECRET, max_size=30).filter(
    lambda text: len(text.strip()) >= MIN_SECRET
)


@given(VALUE, st.sampled_from([quote, quote_plus, lambda text: quote(text, safe="")]))
def test_no_value_is_left_in_what_is_shown(value: str, encode: object) -> None:
    assert callable(encode)
    url = f"https://shop.example/a?token={encode(value)}&b=1"

    assert shown_url(url).partition("?")[0] == "https://shop.example/a"
    assert set(shown_url(url).partition("?")[2]) <= set("token=*&b?;#")
    assert {line for line in value.splitlines() if len(line.strip()) >= MIN_SECRET} <= set(secrets_in(url))
    assert site_of(shown_url(url)) == site_of(url)


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    assert shown_url(shown_url(text)) == shown_url(text)
    assert all(len(secret) >= MIN_SECRET for secret in secrets_in(text))
