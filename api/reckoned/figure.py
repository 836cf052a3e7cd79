"""How a figure is reckoned: its formula, and what goes into it, to be reckoned again.

A part is one item of the books, one promise, one holding or one step of a model; the figure is
what the formula makes of all of them. In a formula, what follows ``where`` says what a term is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from api.reckoned.calibration import of_calibration
from api.reckoned.costs import of_costs
from api.reckoned.part import Reckoning
from api.reckoned.promises import of_commitments, of_windows
from api.reckoned.revenue import of_revenue
from api.reckoned.risk import of_risk
from api.reckoned.shares import of_ownership
from streams.store.queries import RowDict
from twin.state import Twin
from twin.views import Column, View

_OF_VIEWS: Final[Mapping[str, Callable[[Twin, str, RowDict], Reckoning | None]]] = {
    "revenue": of_revenue,
    "costs": of_costs,
    "calibration": of_calibration,
    "commitments": of_commitments,
    "commitment_windows": of_windows,
    "ownership": of_ownership,
    "risk": of_risk,
}


def reckoning(twin: Twin, view: View, column: Column, row: RowDict) -> Reckoning | None:
    """The formula of a figure and its parts; None where it is no sum of money or of its causes."""
    reckon = _OF_VIEWS.get(view.name)
    return reckon(twin, column.name, row) if reckon is not None else None
