import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gis_app.analysis.metric_crs import metric_geometries

POINT = shapely.Point(1, 2)


def test_frames_series_and_sequences_give_their_geometries():
    frame = gpd.GeoDataFrame(geometry=[POINT], crs=4549)
    for given in (frame, frame.geometry, [POINT], pd.Series([POINT], dtype=object)):
        assert metric_geometries(given).tolist() == [POINT]


@pytest.mark.parametrize(("crs", "message"), [(None, "no CRS"), (4326, "geographic"), (2263, "US survey foot")])
def test_what_is_not_in_metres_is_refused(crs, message):
    with pytest.raises(ValueError, match=message):
        metric_geometries(gpd.GeoSeries([POINT], crs=crs))
