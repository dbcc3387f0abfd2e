"""Read the OGC API with QGIS itself, without a screen: features filtered and reprojected, and vector tiles.

For Debian's QGIS (``apt install qgis python3-qgis``), which brings its own Python::

    QT_QPA_PLATFORM=offscreen python3 benchmarks/qgis_client.py http://127.0.0.1:8000 jw_TOKEN

Ends with 0 when all was read.
"""

import json
import sys
import urllib.request

from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize

METRIC = "EPSG:4549"


def main() -> int:
    """Print what was read of each kind."""
    address, token = sys.argv[1].rstrip("/"), sys.argv[2]
    application = QgsApplication([], False)
    application.initQgis()
    try:
        login = _login(token)
        features = _layer(address, login)
        found = {
            "hazards": features.featureCount(),
            "read": sum(1 for _ in features.getFeatures()),
            "major": _major(address, login),
            "reprojected": _reprojected(features),
            "tile pixels": _tiles(address, token, login),
        }
        print(json.dumps(found))
        return 0 if all(found.values()) and found["major"] < found["read"] else 1
    finally:
        application.exitQgis()


def _login(token: str) -> str:
    """Keep the token for this run and return the name that a source calls it by."""
    manager = QgsApplication.authManager()
    manager.setMasterPassword("only for this run", True)
    config = QgsAuthMethodConfig("APIHeader")
    config.setName("jingwei")
    config.setConfig("Authorization", f"Bearer {token}")
    manager.storeAuthenticationConfig(config)
    return config.id()


def _layer(address: str, login: str, where: str = "") -> QgsVectorLayer:
    source = f"authcfg={login} pagingEnabled='true' typename='hazards' url='{address}/ogc'"
    if where:
        source += f" filter='{where}'"
    layer = QgsVectorLayer(source, "hazards", "OAPIF")
    if not layer.isValid():
        raise SystemExit(f"QGIS cannot open the layer: {layer.error().message()}")
    return layer


def _major(address: str, login: str) -> int:
    layer = _layer(address, login)
    request = QgsFeatureRequest().setFilterExpression("\"severity\" = 'major'")
    return sum(1 for _ in layer.getFeatures(request))


def _reprojected(layer: QgsVectorLayer) -> int:
    """Return how many hazards lie, in metres of the city's zone, where they have to."""
    to_metres = QgsCoordinateTransform(layer.crs(), QgsCoordinateReferenceSystem(METRIC), QgsProject.instance())
    points = (to_metres.transform(each.geometry().asPoint()) for each in layer.getFeatures())
    return sum(3_050_000 < point.y() < 3_100_000 and 400_000 < point.x() < 700_000 for point in points)


def _tiles(address: str, token: str, login: str) -> int:
    """Return how many pixels of a picture of the city the vector tiles of its townships fill."""
    request = urllib.request.Request(f"{address}/ogc/collections/townships")
    request.add_header("Authorization", f"Bearer {token}")
    west, south, east, north = json.load(urllib.request.urlopen(request))["extent"]["spatial"]["bbox"][0]
    template = f"{address}/ogc/collections/townships/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    layer = QgsVectorTileLayer(f"type=xyz&url={template}&zmin=6&zmax=16&authcfg={login}", "townships")
    if not layer.isValid():
        raise SystemExit("QGIS cannot open the tiles.")
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputSize(QSize(512, 256))
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    to_mercator = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:4326"), settings.destinationCrs(), QgsProject.instance()
    )
    settings.setExtent(to_mercator.transformBoundingBox(QgsRectangle(west, south, east, north)))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    empty = picture.pixel(0, 0)
    return sum(picture.pixel(x, y) != empty for x in range(0, 512, 4) for y in range(0, 256, 4))


if __name__ == "__main__":
    sys.exit(main())
