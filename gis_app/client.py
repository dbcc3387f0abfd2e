"""A thin client for notebooks: a city's layers, questions and analyses as GeoDataFrames, from a running server.

It needs requests and GeoPandas, neither Flask nor a database.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self

import geopandas as gpd
import pandas as pd
import requests
import shapely

from gis_app.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    JingweiError,
    NotFound,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)

_PAGE = 10_000
_SLOWEST_S = 60
_BY_CODE: dict[str, type[JingweiError]] = {
    each.code: each for each in (Conflict, Forbidden, InvalidInput, NotFound, Refused, Unauthenticated, Unavailable)
}


class Client:
    """A session with one server.

    Parameters
    ----------
    address
        Such as ``http://127.0.0.1:8000``.
    token
        An API token, made on the page "My account"; what it may read is what its account may.
    language
        ``zh`` or ``en``: of titles and errors.

    Raises
    ------
    JingweiError
        Each method raises the error the server answers, with its sentence: a wrong filter, a missing right, a token
        that ended.
    """

    def __init__(self, address: str, *, token: str, language: str = "en") -> None:
        self._address = address.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update(
            {"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Language": language}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def layers(self) -> pd.DataFrame:
        """Return the layers the token may read: id and title."""
        found = self._json("GET", "/ogc/collections")["collections"]
        return pd.DataFrame([{"id": each["id"], "title": each["title"]} for each in found])

    def schema(self, layer: str) -> pd.DataFrame:
        """Return the properties of a layer: name, title and type."""
        properties = self._json("GET", f"/ogc/collections/{layer}/schema")["properties"]
        rows = [
            {"name": name, "title": about.get("title", name), "type": about.get("format") or about.get("type", "")}
            for name, about in properties.items()
        ]
        return pd.DataFrame(rows)

    def features(
        self,
        layer: str,
        *,
        filter: str | None = None,
        box: Sequence[float] | None = None,
        days: tuple[date | str, date | str] | None = None,
        limit: int | None = None,
        crs: int | None = None,
    ) -> gpd.GeoDataFrame:
        """Return the features of a layer, page after page.

        Parameters
        ----------
        filter
            CQL2 text, such as ``severity = 'major' AND closed_at IS NULL``.
        box
            West, south, east, north in degrees.
        days
            First and last day, both included.
        limit
            Features at most; all by default.
        crs
            EPSG number the frame is turned to, such as 4549 for metres; EPSG:4326 by default.

        Returns
        -------
        One row for each feature, its identifier as index; moments are aware, in UTC.
        """
        query: dict[str, str] = {"limit": str(min(limit or _PAGE, _PAGE)), "f": "json"}
        if filter:
            query["filter"] = filter
        if box is not None:
            query["bbox"] = ",".join(map(str, box))
        if days is not None:
            query["datetime"] = "/".join(map(str, days))
        place, features = f"/ogc/collections/{layer}/items", list[dict[str, Any]]()
        following: str | None = place
        while following is not None and (limit is None or len(features) < limit):
            page = self._json("GET", following, params=query if following == place else None)
            features += page["features"]
            links = [link["href"] for link in page["links"] if link["rel"] == "next"]
            following = links[0].removeprefix(self._address) if links else None
        return _turned(_frame(features[:limit]), crs)

    def ask(self, question: Mapping[str, Any] | str, *, crs: int | None = None) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return the answer to a spatial question.

        Parameters
        ----------
        question
            The question as the page "Questions" shows it, or the identifier of a kept one.
        crs
            EPSG number the frame is turned to.

        Returns
        -------
        A GeoDataFrame where rows have places, else a DataFrame; columns by their names.
        """
        if isinstance(question, str):
            question = self._json("GET", f"/api/questions/{question}")["question"]
        return _answer(self._json("POST", "/api/questions/answer", body=question), crs)

    def sql(self, statement: str, *, limit: int = 10_000, crs: int | None = None) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return the rows of one SELECT over the views of the layers; its first geometry becomes the frame's."""
        return _answer(self._json("POST", "/api/sql", body={"statement": statement, "limit": limit}), crs)

    def save(self, frame: gpd.GeoDataFrame, title: str, *, shared: bool = False) -> str:
        """Keep a frame as a data set of the account's own workspace, whole or not at all.

        Parameters
        ----------
        frame
            Points, lines or polygons in any CRS, with any columns; its index is not kept.
        title
            What the data set is called.
        shared
            Whether the accounts of the own area read it too.

        Returns
        -------
        Its layer, such as ``ws-0b8e…``: for ``features``, questions and ``remove``.
        """
        if frame.crs is None:
            raise InvalidInput("The frame does not say its CRS.", remedy="Set it first, as with frame.set_crs(4326).")
        content, dataset = io.BytesIO(), uuid.uuid4()
        frame.to_crs(4326).to_parquet(content, index=False)
        place, told = f"/api/workspace/{dataset}", {"title": title, "file_name": "frame.parquet", "datum": "wgs84"}
        kept = self._json("PUT", place, params=told, content=content.getvalue())
        if shared:
            self._json("PATCH", place, body={"is_shared": True})
        return str(kept["collection"])

    def remove(self, layer: str) -> None:
        """Delete a data set of the own workspace by its layer, as ``save`` returned it."""
        self._answer("DELETE", f"/api/workspace/{layer.removeprefix('ws-')}")

    def _json(self, method: str, place: str, **sent: Any) -> dict[str, Any]:
        """Return the JSON that is answered; ``sent`` as ``_answer`` takes it."""
        found: dict[str, Any] = self._answer(method, place, **sent).json()
        return found

    def _answer(
        self,
        method: str,
        place: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
    ) -> requests.Response:
        address = place if place.startswith("http") else f"{self._address}{place}"
        kind = {} if content is None else {"Content-Type": "application/octet-stream"}
        try:
            answer = self._session.request(
                method, address, params=params, json=body, data=content, headers=kind, timeout=_SLOWEST_S
            )
        except requests.RequestException as error:
            raise Unavailable(
                "The server {address} does not answer: {reason}",
                remedy="Check its address and that it runs.",
                address=self._address,
                reason=type(error).__name__,
            ) from error
        if not answer.ok:
            raise _error(answer)
        return answer


def _error(answer: requests.Response) -> JingweiError:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    code, detail = problem.get("code", ""), problem.get("detail") or f"{answer.status_code} {answer.reason}"
    if code == TooMany.code:
        wait = answer.headers.get("Retry-After", "")
        return TooMany("{detail}", retry_after_s=int(wait) if wait.isdecimal() else 60, detail=detail)
    return _BY_CODE.get(code, JingweiError)("{detail}", detail=detail)


def _frame(features: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    table = pd.DataFrame(
        [each["properties"] for each in features], index=pd.Index([each["id"] for each in features], name="id")
    )
    shapes = [_shape(each["geometry"]) for each in features]
    return gpd.GeoDataFrame(_with_times(table), geometry=shapes, crs=4326)


def _answer(found: Mapping[str, Any], crs: int | None) -> gpd.GeoDataFrame | pd.DataFrame:
    columns = found["columns"]
    table = pd.DataFrame(found["rows"], columns=[each["name"] for each in columns])
    for each in columns:
        if each["kind"] == "moment":
            table[each["name"]] = pd.to_datetime(table[each["name"]], utc=True, format="ISO8601")
    if not found["shapes"]:
        return table
    return _turned(gpd.GeoDataFrame(table, geometry=[_shape(each) for each in found["shapes"]], crs=4326), crs)


def _with_times(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with columns called ``…_at`` as moments."""
    moments = [name for name in table.columns if str(name).endswith("_at")]
    return table.assign(**{name: pd.to_datetime(table[name], utc=True, format="ISO8601") for name in moments})


def _turned(frame: gpd.GeoDataFrame, crs: int | None) -> gpd.GeoDataFrame:
    return frame if crs is None else frame.to_crs(crs)


def _shape(geometry: Mapping[str, Any] | None) -> shapely.Geometry | None:
    return None if geometry is None else shapely.from_geojson(json.dumps(geometry))
