"""How a figure is reckoned: its formula, and what goes into it, to be reckoned again.

A part is one item of the books, one promise, one holding or one step of a model; the figure is
what the formula makes of all of them. In a formula, what follows ``where`` says what a term is.
"""

from __future__ import annotations

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


def reckoning(twin: Twin, view: View, column: Column, row: RowDict) -> Reckoning | None:
    """The formula of a figure and its parts; None where it is no sum of money or of its causes."""
    match view.name:
        case "revenue":
            return of_revenue(twin, column.name, row)
        case "costs":
            return of_costs(twin, column.name, row)
        case "calibration":
            return of_calibration(twin, column.name, row)
        case "commitments":
            return of_commitments(twin, column.name, row)
        case "commitment_windows":
            return of_windows(twin, column.name, row)
        case "ownership":
            return of_ownership(twin, column.name, row)
        case "risk":
            return of_risk(twin, column.name, row)
    return None
