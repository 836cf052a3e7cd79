"""Dashboards as code: what operators see on the wall, from the views of the read model.

In: tables of the read model, through a role that may only read. Out: dashboards in Grafana's
schema, provisioned by files in compose and by ``twin grafana apply`` elsewhere.
"""
