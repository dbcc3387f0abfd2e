# %% [markdown]
# # Where to expect hazards next, and how far to believe it
#
# The hazards of the demo city (synthetic) come from a running server; maps are made and scored here, without it.
# `ADDRESS` and `TOKEN` are read from the environment.
# %%
import os

import pandas as pd

from gis_app.analysis import hotspot_cells, method_scores
from gis_app.client import Client

city = Client(os.environ["ADDRESS"], token=os.environ["TOKEN"])
hazards = city.features("hazards", filter="stage <> 'void'", crs=4549)
events = hazards.rename(columns={"discovered_at": "time"})[["time", "category_en", "discovered_by", "geometry"]]
len(events), events["time"].min().date(), events["time"].max().date()
# %% [markdown]
# ## A map that knows the past alone
#
# The last four weeks are held back. What came in them has no say in the scores.
# %%
until = (events["time"].max() - pd.Timedelta(days=28)).to_pydatetime()
cells = hotspot_cells(events, until, cell_m=250)
cells.attrs["method"], cells.head(5)[["rank", "score", "event_count", "later_count"]]
# %% [markdown]
# ## Does it beat counting?
#
# PAI on 1, 2.5, 5 and 10 % of the area: how much denser the later hazards lie in the hottest cells than on average.
# `perfect_foresight` is the best any map could do.
# %%
scores = method_scores(events, until, cell_m=250)
scores.pivot(index="method", columns="share", values="pai").round(2).sort_values(0.05, ascending=False)
# %% [markdown]
# ## Reported and discovered
#
# Patrols find hazards where they look. A map that learns from them sends patrols where they were sent before, so the
# share of discovered hazards among the hottest cells is worth a look.
# %%
hot = cells.head(max(len(cells) // 20, 1))
inside = events[events["time"] < until].sjoin(hot[["geometry"]], predicate="within")
shares = pd.DataFrame(
    {
        "everywhere": events["discovered_by"].value_counts(normalize=True),
        "in the hottest 5 %": inside["discovered_by"].value_counts(normalize=True),
    }
)
shares.round(3)
