# %% [markdown]
# # What a new boundary would change
#
# A village is to be split in two. What is stored stays: last year's hazards keep the village they were filed in, and last
# year's figures come out the same. This study asks what the figures of the two parts would have been. `ADDRESS` and `TOKEN` are
# read from the environment.
# %%
import os

import geopandas as gpd
import pandas as pd
import shapely

from gis_app.client import Client

city = Client(os.environ["ADDRESS"], token=os.environ["TOKEN"])
villages = city.features("villages", crs=4549)
counts = city.ask({"layer": "hazards", "join": {"layer": "villages", "relation": "within"}, "group": ["partner"]})
busiest = counts.sort_values("count", ascending=False).iloc[0]
village = villages[villages["code"] == busiest["partner.code"]].iloc[0]
village["name_en"], int(busiest["count"])
# %% [markdown]
# ## Cut it from west to east through its middle
# %%
west, south, east, north = village.geometry.bounds
middle = village.geometry.centroid.y
halves = {
    "north": shapely.intersection(village.geometry, shapely.box(west, middle, east, north)),
    "south": shapely.intersection(village.geometry, shapely.box(west, south, east, middle)),
}
parts = gpd.GeoDataFrame({"part": list(halves)}, geometry=list(halves.values()), crs=4549)
parts.assign(km2=parts.area / 1e6)[["part", "km2"]].round(3)
# %% [markdown]
# ## The same hazards in the two parts
#
# Nothing is lost and nothing counted twice: the parts add up to the whole.
# %%
outline = gpd.GeoSeries([village.geometry], crs=4549).to_crs(4326)
hazards = city.features("hazards", box=outline.total_bounds, crs=4549)
hazards = hazards[hazards.within(village.geometry)]
split = hazards.sjoin(parts, predicate="within")
table = split.groupby("part").agg(hazards=("number", "size"), closed=("closed_at", "count"))
table["closing_rate"] = table["closed"] / table["hazards"]
whole = pd.DataFrame({"hazards": [len(hazards)], "closed": [hazards["closed_at"].notna().sum()]}, index=["whole"])
whole["closing_rate"] = whole["closed"] / whole["hazards"]
pd.concat([table, whole]).round(3)
# %%
assert table["hazards"].sum() == len(hazards) == busiest["count"]
# %% [markdown]
# ## Grids on the new line
#
# Every grid lies in exactly one village: those that the new line cuts have to be drawn anew first.
# %%
grids = city.features("grids", box=outline.total_bounds, crs=4549)
line = shapely.LineString([(west, middle), (east, middle)])
cut = grids[grids.intersects(line) & grids.centroid.within(village.geometry)]
cut[["code", "name_en"]].reset_index(drop=True)
