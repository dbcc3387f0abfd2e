# %% [markdown]
# # What was really patrolled, and what was left out
#
# The newest night's coverage of every grid, beside its hazards. `ADDRESS` and `TOKEN` are read from the environment.
# %%
import os

import pandas as pd

from gis_app.client import Client

city = Client(os.environ["ADDRESS"], token=os.environ["TOKEN"])
nights = city.sql("SELECT DISTINCT night FROM coverage_map ORDER BY night DESC")
newest = nights["night"].iloc[0]
coverage = city.features("coverage", filter=f"night = DATE('{newest}')", crs=4549)
newest, len(coverage), coverage["state"].value_counts().to_dict()
# %% [markdown]
# ## The gaps that matter
#
# A grid without a track is never safe: it is *unchecked*. Grids with most hazards of the year that nobody saw that night come
# first.
# %%
hazards = city.ask(
    {"layer": "hazards", "join": {"layer": "grids", "relation": "within"}, "group": ["partner"], "limit": 10000}
)
risk = hazards.set_index("partner.code")["count"]
coverage["hazards"] = coverage["code"].map(risk).fillna(0)
coverage["risk_left_out"] = coverage["hazards"] / coverage["hazards"].sum() * (1 - coverage["area_share"])
coverage.sort_values("risk_left_out", ascending=False)[
    ["code", "state", "area_share", "hazards", "risk_left_out"]
].head(8)
# %% [markdown]
# ## Idleness
#
# Days since anybody was there. The mean hides the worst.
# %%
idle = coverage["idle_days"].dropna()
pd.Series(
    {
        "mean": idle.mean(),
        "median": idle.median(),
        "worst": idle.max(),
        "never seen": coverage["idle_days"].isna().sum(),
    }
).round(2)
# %% [markdown]
# ## Risk covered against area covered
#
# Patrols that go where the risk is cover more of the risk than of the ground.
# %%
area = coverage.geometry.area
pd.Series(
    {
        "share of the area": (coverage["area_share"] * area).sum() / area.sum(),
        "share of the hazards": (coverage["area_share"] * coverage["hazards"]).sum() / coverage["hazards"].sum(),
    }
).round(3)
