"""Opens the project in QGIS itself, without a screen, and prints as JSON what it read; run by Debian's own Python.

QT_QPA_PLATFORM=offscreen /usr/bin/python3 tests/docs/qgis_reader.py jingwei.qgs LOGIN TOKEN [picture.png]
"""

import json
import sys

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
)
from qgis.PyQt.QtCore import QEventLoop, QSize

METRES = "EPSG:4549"


def main(path, login, token, picture=""):
    """Print what was read of each kind."""
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], True)
    application.initQgis()
    _keep_login(login, token)
    project = QgsProject.instance()
    if not project.read(path):
        raise SystemExit(f"QGIS cannot read the project: {project.error()}")
    layers = {each.id().removeprefix("jingwei_"): each for each in project.mapLayers().values()}
    found = {
        "valid": sorted(name for name, each in layers.items() if each.isValid()),
        "invalid": sorted(name for name, each in layers.items() if not each.isValid()),
        "tiles": sorted(name for name, each in layers.items() if each.type() == each.VectorTileLayer),
        "hazards": sorted(each["id"] for each in layers["hazards"].getFeatures()),
        "metres": _reprojected(layers["hazards"], project),
    }
    box = QgsRectangle(120.6, 27.7, 120.64, 27.85)
    found["in_box"] = sorted(each["id"] for each in layers["hazards"].getFeatures(QgsFeatureRequest(box)))
    layers["hazards"].setSubsetString("\"severity\" = 'major'")
    found["major"] = sorted(each["id"] for each in layers["hazards"].getFeatures())
    layers["hazards"].setSubsetString("")
    found["colours"] = {
        "features": _colours(project, [layers["hazards"], layers["townships"]]),
        "tiles": _colours(project, [layers["streets"], layers["water"], layers["land"]]),
    }
    if picture:
        _colours(project, project.layerTreeRoot().checkedLayers(), picture)
    print(json.dumps(found))
    QgsProject.instance().clear()
    application.exitQgis()


def _keep_login(login, token):
    """Keep the login under the identifier that the project names, for this run alone."""
    keeper = QgsApplication.authManager()
    keeper.setMasterPassword("only for this run", True)
    config = QgsAuthMethodConfig("Basic")
    config.setId("jingwei")
    config.setName("Jingwei")
    config.setConfig("username", login)
    config.setConfig("password", token)
    if not keeper.storeAuthenticationConfig(config, True)[0]:
        raise SystemExit("QGIS cannot keep the login.")


def _reprojected(layer, project):
    """Return where each hazard lies in metres of the city's zone."""
    to_metres = QgsCoordinateTransform(layer.crs(), QgsCoordinateReferenceSystem(METRES), project)
    found = {}
    for each in layer.getFeatures(QgsFeatureRequest().setLimit(20)):
        point = to_metres.transform(each.geometry().asPoint())
        found[each["id"]] = [point.x(), point.y()]
    return found


def _colours(project, layers, picture=""):
    """Return how many pixels of a picture of the first view have each colour."""
    settings = QgsMapSettings()
    settings.setLayers([each for each in layers])
    settings.setOutputSize(QSize(600, 400))
    settings.setDestinationCrs(project.crs())
    settings.setBackgroundColor(project.backgroundColor())
    settings.setTransformContext(project.transformContext())
    settings.setExtent(project.viewSettings().defaultViewExtent())
    job, drawn = QgsMapRendererParallelJob(settings), QEventLoop()
    job.finished.connect(drawn.quit)
    job.start()
    drawn.exec()
    image = job.renderedImage()
    if picture:
        image.save(picture)
    counts = {}
    for x in range(image.width()):
        for y in range(image.height()):
            name = "#%06x" % (image.pixel(x, y) & 0xFFFFFF)
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1])[:40])


if __name__ == "__main__":
    main(*sys.argv[1:])
