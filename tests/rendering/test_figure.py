"""Folium pages for a closed network."""

import re

import folium
import pytest
from branca.element import Element, JavascriptLink

from gis_app.domain.errors import NotFound
from gis_app.rendering.figure import bare_map, content_security_policy, offline_page

BOUNDS = (120.17, 27.61, 121.23, 27.99)


def page_of(folium_map, **changes):
    return offline_page(
        folium_map, **{"nonce": "n0nce", "static_url": "/static", "title": "Map", "language": "zh", **changes}
    )


def with_markup(markup):
    folium_map = bare_map(bounds=BOUNDS)
    folium_map.get_root().html.add_child(Element(markup))
    return folium_map


def test_a_plain_folium_map_with_markers_asks_this_server_alone():
    folium_map = folium.Map(location=[27.8, 120.7], tiles=None)
    folium.Marker([27.8, 120.7], icon=folium.Icon(icon="star", angle=30)).add_to(folium_map)
    page = page_of(folium_map)
    addresses = re.findall(r'<(?:script|link)[^>]* (?:src|href)="([^"]+)"', page)
    assert len(addresses) >= 10
    assert all(address.startswith("/static/vendor/") for address in addresses)


def test_default_tiles_are_refused_because_their_script_reaches_outside():
    with pytest.raises(NotFound, match="openstreetmap"):
        page_of(folium.Map(location=[27.8, 120.7]))


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<script src='//cdn.example/x.js'></script>",
        "<SCRIPT SRC=https://cdn.example/x.js></SCRIPT>",
        '<link rel="stylesheet" href="https://cdn.example/x.css">',
        '<img src="https://cdn.example/x.png">',
        '<a href="https://cdn.example/">x</a>',
        '<form action="https://cdn.example/"></form>',
        '<a href="javascript:alert(1)">x</a>',
        '<p style="background: url(https://cdn.example/x.png)">x</p>',
        "<style>@import url('https://cdn.example/x.css');</style>",
        "<script>fetch('https://cdn.example/x')</script>",
        "<script>fetch('//cdn.example/x')</script>",
        "<script>new WebSocket('wss://cdn.example/x')</script>",
    ],
)
def test_a_page_that_would_reach_outside_is_not_made(markup):
    with pytest.raises(NotFound, match=r"cdn\.example|javascript:"):
        page_of(with_markup(markup))


@pytest.mark.parametrize(
    "markup",
    [
        "<script>document.createElementNS('http://www.w3.org/2000/svg', 'svg') // a comment</script>",
        '<img src="data:image/png;base64,AAAA">',
        '<a href="#layers">x</a>',
        '<script type="application/json">{"text": "https://cdn.example/ is only a text"}</script>',
    ],
)
def test_what_stays_in_the_page_is_left_alone(markup):
    made = page_of(with_markup(markup))
    kept = re.search(r"createElementNS.*comment|data:image/png;base64,AAAA|#layers|https://cdn[^\"]*text", markup)
    assert kept.group(0) in made


def test_every_script_and_style_carries_the_nonce():
    page = page_of(with_markup("<script>let a = 1 < 2 && '<b>';</script><style>a > b {}</style>"))
    tags = re.findall(r"<(?:script|style)\b[^>]*>", page)
    assert len(tags) >= 6
    assert all('nonce="n0nce"' in tag for tag in tags)
    assert "let a = 1 < 2 && '<b>';" in page
    assert "a > b {}" in page


def test_zooming_is_not_locked_and_the_page_has_language_title_and_label():
    page = page_of(bare_map(bounds=BOUNDS), title='瑞安 "<b>" & co', language="en")
    assert "user-scalable" not in page
    assert "maximum-scale" not in page
    assert '<html lang="en">' in page
    assert "<title>瑞安 &quot;&lt;b&gt;&quot; &amp; co</title>" in page
    assert 'role="region" aria-label="瑞安 &quot;&lt;b&gt;&quot; &amp; co"' in page


def test_text_with_entities_and_void_elements_survives_the_rewriting():
    page = page_of(with_markup("<p>a &amp; b &#60; c<br/>d</p><!-- gone -->"))
    assert "<p>a &amp; b &#60; c<br />d</p>" in page


def test_a_bare_map_loads_leaflet_and_nothing_else():
    page = page_of(bare_map(bounds=BOUNDS))
    assert re.findall(r"/static/vendor/([\w.]+)/", page) == ["leaflet", "leaflet"]


def test_the_policy_allows_no_inline_script_and_no_other_host():
    policy = dict(part.split(" ", 1) for part in content_security_policy("abc").split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self' 'nonce-abc'"
    assert policy["style-src"] == "'self' 'nonce-abc'"
    assert policy["worker-src"] == "'self'"
    allowed = {"'self'", "'none'", "'nonce-abc'", "data:", "blob:", "'unsafe-inline'"}
    assert {source for sources in policy.values() for source in sources.split()} <= allowed
    assert [name for name, sources in policy.items() if "unsafe-inline" in sources] == ["style-src-attr"]


def test_an_unknown_library_added_to_the_head_is_refused():
    folium_map = bare_map(bounds=BOUNDS)
    folium_map.get_root().header.add_child(JavascriptLink("https://cdn.example/new-plugin.js"))
    with pytest.raises(NotFound, match="new-plugin"):
        page_of(folium_map)
