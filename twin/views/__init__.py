"""Every view by name."""

from twin.views.calibration import CALIBRATION
from twin.views.capacity import CAPACITY
from twin.views.commitments import COMMITMENT_WINDOWS, COMMITMENTS
from twin.views.costs import COSTS
from twin.views.energy import ENERGY
from twin.views.health import HEALTH
from twin.views.ownership import OWNERSHIP
from twin.views.revenue import REVENUE
from twin.views.risk import RISK
from twin.views.view import Column, Moment, RollUp, Value, View

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        CAPACITY,
        ENERGY,
        REVENUE,
        CALIBRATION,
        COMMITMENTS,
        COMMITMENT_WINDOWS,
        COSTS,
        OWNERSHIP,
        RISK,
        HEALTH,
    )
}

__all__ = [
    "CAPACITY",
    "ENERGY",
    "HEALTH",
    "VIEWS",
    "Column",
    "Moment",
    "RollUp",
    "Value",
    "View",
]
