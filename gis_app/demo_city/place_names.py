"""Names and codes of the towns and villages, read from two CSV files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

CITY_CODE, CITY_ZH, CITY_EN = "330381", "瑞安市", "Rui'an"
SMALL_TOWNS = ("330381001", "330381002", "330381003")


@dataclass(frozen=True)
class PlaceNames:
    """The real names the synthetic city carries.

    Parameters
    ----------
    towns
        Columns code, name_zh, name_en.
    villages
        Columns code, name_zh, name_en, town_code.
    """

    towns: pd.DataFrame
    villages: pd.DataFrame

    def of_towns(self, codes: tuple[str, ...]) -> PlaceNames:
        """Return the names of some towns and their villages."""
        return PlaceNames(
            self.towns[self.towns["code"].isin(codes)].reset_index(drop=True),
            self.villages[self.villages["town_code"].isin(codes)].reset_index(drop=True),
        )


def read_place_names(folder: Path) -> PlaceNames:
    """Return the names of ``ruian_towns.csv`` and ``ruian_villages.csv`` in a folder."""
    towns, villages = (pd.read_csv(folder / f"ruian_{kind}.csv", dtype=str) for kind in ("towns", "villages"))
    return PlaceNames(towns, villages)
