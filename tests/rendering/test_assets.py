"""Browser libraries: one table, local files only."""

import json
from pathlib import Path

import folium
import pytest
from folium import plugins

from gis_app import paths
from gis_app.domain.errors import NotFound, Refused
from gis_app.rendering import assets

VENDOR = paths.static() / "vendor"


def test_every_address_of_the_table_has_its_file():
    assert VENDOR.is_dir(), "run `make demo` or `make test` first: it builds static/vendor"
    missing = [file for file in assets.asset_table().values() if not (VENDOR / file).is_file()]
    assert missing == []


def test_every_file_that_a_built_style_sheet_names_was_copied():
    named = {
        wanted
        for sheet in VENDOR.rglob("*.css")
        for wanted in assets.files_named_by(sheet.read_text(encoding="utf-8"), sheet.relative_to(VENDOR).as_posix())
    }
    assert len(named) > 20
    assert [file for file in sorted(named) if not (VENDOR / file).is_file()] == []


@pytest.mark.parametrize("kind", [folium.Map, plugins.MarkerCluster, plugins.Draw, plugins.Fullscreen, plugins.HeatMap])
def test_what_folium_itself_asks_for_is_in_the_table(kind):
    for _, address in (*kind.default_js, *kind.default_css):
        assert assets.local_path(address)


def test_an_address_outside_the_table_is_refused_with_a_remedy():
    with pytest.raises(NotFound) as caught:
        assets.local_path("https://tiles.example/leaflet.js")
    assert "https://tiles.example/leaflet.js" in caught.value.message
    assert "folium_assets.json" in caught.value.remedy


@pytest.mark.parametrize(
    "address",
    [
        "https://fonts.example/a.woff",
        "//fonts.example/a.woff",
        "HTTP://x.example/a",
        "/root.png",
        "../../../etc/passwd",
    ],
)
def test_a_style_sheet_may_not_reach_outside(address):
    with pytest.raises(Refused):
        assets.files_named_by(f"a {{ background: url('{address}') }}", "leaflet/dist/leaflet.css")
    with pytest.raises(Refused):
        assets.files_named_by(f"@import '{address}';", "leaflet/dist/leaflet.css")


def test_a_style_sheet_s_own_files_are_found_beside_it():
    sheet = 'a { background: url("images/a.png?v=1") } b { src: url(../fonts/b.woff#iefix) } c { fill: url(data:,x) }'
    assert assets.files_named_by(sheet, "lib/dist/lib.css") == ["lib/dist/images/a.png", "lib/fonts/b.woff"]


def test_a_missing_package_names_the_file_and_the_remedy(tmp_path):
    with pytest.raises(NotFound) as caught:
        assets.copy_assets(tmp_path / "node_modules", tmp_path / "vendor")
    assert "npm ci" in caught.value.remedy


def test_the_build_notices_a_changed_file_and_a_changed_lock(tmp_path):
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / "a.js").write_text("1234")
    (vendor / assets.STAMP).write_text(json.dumps({"digest": "d", "sizes": {"a.js": 4}}))
    assert assets.is_current(vendor, "d")
    assert not assets.is_current(vendor, "another lock")
    (vendor / "a.js").write_text("12345")
    assert not assets.is_current(vendor, "d")


def test_the_lock_file_names_no_host_to_download_from():
    lock = json.loads((Path(assets.__file__).parents[2] / "package-lock.json").read_text(encoding="utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert all("resolved" not in package for package in packages)
    assert all(package["integrity"].startswith("sha512-") for package in packages if not package.get("link"))
