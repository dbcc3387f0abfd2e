"""OpenStreetMap streets from XML or PBF: ways with a highway, cut where streets meet, one-ways and kinds mapped.

Read here and not by GDAL, whose driver needs threads and files that a confined process does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.domain.errors import Refused
from gis_app.importers import osm_pbf, shapes
from gis_app.importers.records import MAX_VERTICES, FileFacts, GeometryFault, Record, Shape, Wanted
from gis_app.importers.xml_reading import XmlReader

_NODES_PER_CHUNK = 100_000
_PBF_MARK = b"OSMHeader"
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MOST_NODES = 8_000_000
MOST_REFS = 4_000_000

_WORDS = {
    "trunk": "motorway trunk",
    "primary": "primary",
    "secondary": "secondary tertiary",
    "residential": "residential unclassified living_street service road busway",
    "footpath": "footway path pedestrian steps cycleway bridleway corridor track",
}
KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split()} | {
    f"{word}_link": kind for kind in ("trunk", "primary", "secondary") for word in _WORDS[kind].split()
}
"""The kind a street is stored with, by its value of ``highway``; ways of other values are left out and counted."""
_FORWARD, _BACKWARD = frozenset({"yes", "true", "1"}), frozenset({"-1", "reverse"})
_ONE_WAY_BY_NATURE = frozenset({"motorway"})
_ROUNDABOUTS = frozenset({"roundabout", "circular"})


@dataclass
class Network:
    """Nodes and street ways of a file.

    Parameters
    ----------
    ids, lon, lat
        Of the nodes, in chunks as they were read; degrees.
    ways
        Id, references to nodes, and tags of each street.
    """

    ids: list[npt.NDArray[np.int64]] = field(default_factory=list)
    lon: list[npt.NDArray[np.float64]] = field(default_factory=list)
    lat: list[npt.NDArray[np.float64]] = field(default_factory=list)
    ways: list[tuple[int, Ints, dict[str, str]]] = field(default_factory=list)
    node_count: int = 0
    ref_count: int = 0
    passed_over: int = 0

    def add_nodes(self, ids: Ints, lon: Floats, lat: Floats) -> None:
        """Take in nodes; raises ``Refused`` beyond the limit."""
        self.node_count += len(ids)
        _require_at_most("nodes", self.node_count, MOST_NODES)
        self.ids.append(ids)
        self.lon.append(lon)
        self.lat.append(lat)

    def add_way(self, identity: int, refs: Ints, tags: dict[str, str]) -> None:
        """Take in a way if it is a street; raises ``Refused`` beyond the limit."""
        is_ferry = tags.get("route") == "ferry"
        if ("highway" not in tags and not is_ferry) or tags.get("area") == "yes":
            return
        if not is_ferry and tags["highway"] not in KINDS:
            self.passed_over += 1
            return
        self.ref_count += len(refs)
        _require_at_most("references", self.ref_count, MOST_REFS)
        self.ways.append((identity, refs, tags))


def _require_at_most(what: str, found: int, limit: int) -> None:
    if found > limit:
        raise Refused(
            "The file holds more than {limit} {what}.",
            remedy="Cut out the city first (osmium extract), or keep its streets only (osmium tags-filter w/highway).",
            what=what,
            limit=limit,
        )


def read_osm(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Record]:
    """Yield the streets of an OSM file in XML or PBF, cut at the nodes they share, numbered by their ways from 1.

    Values are ``external_id`` (way and piece), ``name``, ``name_en``, ``kind``, ``is_bridge`` and ``one_way``; a
    one-way against its drawing direction is turned round. OpenStreetMap is WGS-84.

    Raises
    ------
    Refused
        If it is no OSM file, is damaged or too large, or the import does not want streets.
    """
    if wanted.shape is not Shape.LINE:
        raise Refused("OpenStreetMap files are read for streets only.", remedy="Import the file as streets.")
    facts.declared_datum = "wgs84"
    network = Network()
    head = source.read(64)
    source.seek(0)
    if _PBF_MARK in head:
        osm_pbf.read_into(network, source)
    else:
        _read_xml(network, source)
    if network.passed_over:
        facts.note("{count} ways are of kinds that are no streets (such as construction); they were left out.",
                   count=str(network.passed_over))  # fmt: skip
    yield from _streets(network)


def _read_xml(network: Network, source: BinaryIO) -> None:
    ids: list[int] = []
    lon: list[float] = []
    lat: list[float] = []
    refs: list[int] = []
    tags: dict[str, str] = {}
    way = [0]
    xml: XmlReader[None] = XmlReader("osm", "OpenStreetMap XML")

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "node":
            ids.append(int(attributes["id"]))
            lon.append(float(attributes["lon"]))
            lat.append(float(attributes["lat"]))
            if len(ids) > _NODES_PER_CHUNK:
                flush()
        elif name == "way":
            way[0] = int(attributes["id"])
            refs.clear()
            tags.clear()
        elif name == "nd":
            refs.append(int(attributes["ref"]))
            _require_at_most("references", len(refs), MOST_REFS)
        elif name == "tag":
            tags[attributes["k"]] = attributes["v"]

    def end(name: str, _text: str) -> None:
        if name == "way":
            network.add_way(way[0], np.array(refs, dtype=np.int64), dict(tags))
        elif name == "node":
            tags.clear()

    def flush() -> None:
        network.add_nodes(np.array(ids, dtype=np.int64), np.array(lon), np.array(lat))
        for values in (ids, lon, lat):
            values.clear()

    xml.on_start, xml.on_end = start, end
    try:
        for _ in xml.read(source):
            pass
    except (KeyError, ValueError, OverflowError) as error:
        raise Refused(
            "The OpenStreetMap file is damaged: {reason}.", remedy="Download it again.", reason=str(error)[:120]
        ) from None
    flush()


def _streets(network: Network) -> Iterator[Record]:
    ids, order = _sorted_ids(network)
    lon, lat = (np.concatenate(chunks)[order] if chunks else np.zeros(0) for chunks in (network.lon, network.lat))
    # A node that two streets share, or one passes twice, is a junction: there the streets are cut.
    all_refs = [refs for _, refs, _ in network.ways]
    seen, counts = np.unique(np.concatenate(all_refs) if all_refs else np.zeros(0, np.int64), return_counts=True)
    junctions = set(seen[counts > 1].tolist())
    for row, ((identity, _, tags), refs) in enumerate(zip(network.ways, all_refs, strict=True), start=1):
        at = np.searchsorted(ids, refs)
        is_known = at < len(ids)
        is_known[is_known] = ids[at[is_known]] == refs[is_known]
        if not is_known.all():
            yield Record(row, _values(identity, 0, tags), fault=_missing(int((~is_known).sum())))
            continue
        positions = np.column_stack([lon[at], lat[at]])
        yield from _pieces(row, identity, tags, refs=refs, positions=positions, junctions=junctions)


def _sorted_ids(network: Network) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    ids = np.concatenate(network.ids) if network.ids else np.zeros(0, np.int64)
    order = np.argsort(ids, kind="stable")
    return ids[order], order


def _missing(count: int) -> GeometryFault:
    return GeometryFault(
        "{count} nodes of the way are not in the file.",
        "Cut out the area with complete ways (osmium extract --strategy complete_ways).",
        {"count": count},
    )


def _pieces(
    row: int,
    identity: int,
    tags: dict[str, str],
    *,
    refs: npt.NDArray[np.int64],
    positions: npt.NDArray[np.float64],
    junctions: set[int],
) -> Iterator[Record]:
    if tags.get("oneway") in _BACKWARD:
        refs, positions = refs[::-1], positions[::-1]
    cuts = [0, *(at for at in range(1, len(refs) - 1) if int(refs[at]) in junctions), len(refs) - 1]
    for piece, (first, last) in enumerate(pairwise(cuts)):
        part = positions[first : last + 1]
        values = _values(identity, piece, tags)
        try:
            if len(part) > MAX_VERTICES or bool((part == part[0]).all()):
                raise shapes.BadGeometry(
                    "A line has fewer than two different positions.", "Give at least two positions."
                )
            geometry = shapes.with_finite_coordinates(shapely.LineString(part))
            yield shapes.as_record(row, values, shapes.checked(geometry, Shape.LINE))
        except shapes.BadGeometry as bad:
            yield Record(row, values, fault=bad.fault)


def _values(identity: int, piece: int, tags: dict[str, str]) -> dict[str, object]:
    highway = tags.get("highway", "")
    is_one_way = tags.get("oneway") in _FORWARD | _BACKWARD or (
        "oneway" not in tags and (highway in _ONE_WAY_BY_NATURE or tags.get("junction") in _ROUNDABOUTS)
    )
    return {
        "external_id": f"w{identity}-{piece}",
        "name_zh": tags.get("name:zh") or tags.get("name"),
        "name_en": tags.get("name:en"),
        "kind": KINDS.get(highway, "ferry"),
        "is_bridge": tags.get("bridge", "no") != "no",
        "one_way": is_one_way,
    }
