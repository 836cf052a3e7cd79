"""The demo as a live panel."""
