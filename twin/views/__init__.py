"""Every view by name."""

from twin.views.capacity import CAPACITY
from twin.views.energy import ENERGY
from twin.views.health import HEALTH
from twin.views.view import Column, Moment, RollUp, Value, View

VIEWS: dict[str, View] = {view.name: view for view in (CAPACITY, ENERGY, HEALTH)}

__all__ = ["CAPACITY", "ENERGY", "HEALTH", "VIEWS", "Column", "Moment", "RollUp", "Value", "View"]
