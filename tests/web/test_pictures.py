"""Pictures of cases over HTTP: on the disk before the answer, once each, without what cameras tell, never a bomb."""

import io
import os
import time
import uuid
import zlib
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from gis_app.services import housekeeping, pictures
from gis_app.storage.file_store import FileStore
from gis_app.web.rate_limits import MOST_BODY_BYTES
from tests.web.test_closed_loop import (  # noqa: F401 - fixtures
    case,
    clock,
    own_database,
    people,
    reported,
)

NEAR, FAR = (120.61, 27.81), (120.6122, 27.8119)


def drawn(kind="JPEG", *, size=(900, 600), place=None, orientation=None, offset=None):
    """Return the bytes of a picture: red on the left, blue on the right."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[:, : size[0] // 2, 0] = pixels[:, size[0] // 2 :, 2] = 255
    exif = Image.Exif()
    exif[Base.Make] = "SecretCamera"
    if orientation:
        exif[Base.Orientation] = orientation
    if place:
        as_parts = lambda degrees: (int(degrees), int(degrees % 1 * 60), degrees * 60 % 1 * 60)  # noqa: E731
        exif.get_ifd(IFD.GPSInfo).update(
            {
                GPS.GPSLatitudeRef: "N",
                GPS.GPSLatitude: as_parts(place[1]),
                GPS.GPSLongitudeRef: "E",
                GPS.GPSLongitude: as_parts(place[0]),
            }
        )
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "2026:06:15 09:20:00"
    if offset:
        exif.get_ifd(IFD.Exif)[Base.OffsetTimeOriginal] = offset
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, exif=exif)
    return out.getvalue()


def put(client, hazard, content, *, picture=None, kind="before"):
    place = f"/api/hazards/{hazard}/pictures/{picture or uuid.uuid4()}?kind={kind}"
    return client.put(place, data=content, content_type="application/octet-stream")


@pytest.fixture
def hazard(people):  # noqa: F811
    return reported(people)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_comes_back_upright_and_without_what_the_camera_told(people, hazard, kind):  # noqa: F811
    answer = put(people["worker"], hazard, drawn(kind, place=NEAR, orientation=6, offset="+08:00"))
    assert answer.status_code == 201
    told = answer.get_json()
    assert (told["width"], told["height"]) == (600, 900)
    assert told["taken_at"] == "2026-06-15T01:20:00+00:00"
    assert (told["distance_m"], told["is_far"]) == (0, False)
    for size, longest in (("full", 900), ("thumbnail", 320)):
        served = people["supervisor"].get(f"{told['url']}?size={size}")
        assert served.content_type == "image/jpeg"
        assert b"SecretCamera" not in served.data
        with Image.open(io.BytesIO(served.data)) as picture:
            assert dict(picture.getexif()) == {}
            assert max(picture.size) == longest
            red, blue = picture.getpixel((9, 9)), picture.getpixel((9, picture.height - 9))
        assert red[0] > 200 > 60 > red[2]
        assert blue[2] > 200 > 60 > blue[0]
    assert [each["id"] for each in case(people["supervisor"], hazard)["pictures"]] == [told["id"]]


def test_a_picture_taken_far_away_is_marked(people, hazard):  # noqa: F811
    told = put(people["worker"], hazard, drawn(place=FAR)).get_json()
    assert 295 < told["distance_m"] < 310
    assert told["is_far"] is True
    assert told["taken_at"] is None  # no time zone: not guessed
    page = people["supervisor"].get(f"/cases/{hazard}?lang=en").get_data(as_text=True)
    assert f"taken {told['distance_m']} m away" in page


def test_the_same_picture_sent_again_is_stored_once_and_another_is_a_conflict(people, hazard):  # noqa: F811
    picture, content = uuid.uuid4(), drawn()
    statuses = [put(people["worker"], hazard, content, picture=picture).status_code for _ in range(3)]
    assert statuses == [201, 200, 200]
    assert put(people["worker"], hazard, drawn(size=(90, 60)), picture=picture).status_code == 409
    assert put(people["worker"], hazard, content, picture=picture, kind="after").status_code == 409
    assert len(case(people["supervisor"], hazard)["pictures"]) == 1


def bomb():
    """A PNG of a gigapixel in a few kilobytes."""
    side = 40_000
    chunk = lambda kind, data: len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")  # noqa: E731
    head = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    packed = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a" + bytes(100), b"%PDF-1.7", drawn()[:400], drawn("PNG")[:300], b"<svg/>", bomb()],
    ids=["nothing", "gif", "pdf", "half a jpeg", "half a png", "svg", "bomb"],
)
def test_what_is_no_picture_is_refused(people, hazard, content):  # noqa: F811
    answer = put(people["worker"], hazard, content)
    assert answer.status_code in (400, 422)
    assert case(people["supervisor"], hazard)["pictures"] == []


def test_too_large_a_body_and_an_unknown_kind_are_refused(people, hazard):  # noqa: F811
    assert put(people["worker"], hazard, bytes(pictures.MOST_BYTES + 1)).status_code == 413
    assert put(people["worker"], hazard, drawn(), kind="during").status_code == 400


def test_a_picture_larger_than_other_bodies_may_be_is_taken(people, hazard):  # noqa: F811
    noise = np.random.default_rng(1).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "JPEG", quality=97)
    assert len(out.getvalue()) > MOST_BODY_BYTES
    answer = put(people["worker"], hazard, out.getvalue())
    assert (answer.status_code, answer.json["width"], answer.json["height"]) == (201, 1000, 1000)


def test_a_picture_is_withdrawn_by_its_sender_or_the_desk_and_its_file_is_swept(people, hazard, clock):  # noqa: F811
    url = put(people["worker"], hazard, drawn()).get_json()["url"]
    assert people["handler"].delete(url).status_code == 403
    assert people["worker"].delete(url).status_code == 200
    assert people["supervisor"].get(url).status_code == 404
    assert people["worker"].delete(url).status_code == 404
    other = put(people["worker"], hazard, drawn(size=(90, 60))).get_json()["url"]
    state = people["worker"].application.extensions["jingwei"]
    house = housekeeping.House(state.ledger, 90, 4549, state.pictures)
    job = next(each for each in housekeeping.JOBS if each.name == "sweep_pictures")
    yesterday = (clock.now - timedelta(days=2)).timestamp()
    for path in state.pictures.folder.glob("*/*"):
        os.utime(path, (yesterday, yesterday))
    assert job.run(house)["files"] >= 2
    assert people["supervisor"].get(other).status_code == 200
    assert job.run(house)["files"] == 0


def test_a_store_keeps_what_is_young_and_leaves_no_half_file(tmp_path):
    store = FileStore(tmp_path / "pictures")
    name = store.put(b"content")
    assert store.get(name) == b"content"
    assert store.put(b"content") == name
    assert store.get("ab" * 32) is None
    assert store.sweep(set(), before=time.time() - 60) == 0
    assert [path.name for path in store.folder.glob("*/*")] == [name]
    assert store.sweep(set(), before=time.time() + 60) == 1
    with pytest.raises(ValueError, match="no name"):
        store.get("../../etc/passwd")
