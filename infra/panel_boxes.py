"""The boxes of the panel: each a few facts, drawn."""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from infra.sight import Facts, OpenAlert, Place, Setting, Sight
from infra.words import amount, percent, rate, seconds, share, ticks
from twin.units import instant_text

BAR_CELLS = 16
SEVERITY_STYLE = {"critical": "bold red", "warning": "yellow"}
NAMED_COUNT = 5
"""Satellites of an alarm that are named; there may be thousands."""
SAID = {
    "power": "{value:,.0f} below expected power",
    "thermal": "{value:,.0f} too warm",
    "battery": "{value:,.0f} with odd charge",
    "silent": "{value:,.0f} silent",
    "failed": "{value:,.0f} out of service",
    "unaccounted": "{watts} unexplained",
    "supply": "{watts} less than it needs",
    "lapsed": "says nothing",
    "quarantined": "{value:,.0f} unreadable",
}
"""What is wrong in an alarm of each condition, the last word of its name."""
ROUTES = "/v1/capacity /v1/energy /v1/health /v1/satellites /v1/why /v1/alerts /v1/stream"


def head(setting: Setting, sight: Sight) -> Panel:
    """Which world, which instant, how fast."""
    line = Table.grid(expand=True)
    for justify in ("left", "center", "center", "right"):
        line.add_column(justify=justify, no_wrap=True)
    facts = sight.seen.facts
    state = Text("■ stopping", "yellow") if sight.is_stopping else Text("● running", "green")
    if facts is None:
        line.add_row(Text("before the first tick"), "", "", state)
    else:
        when = instant_text(facts.tick_ns).replace("T", " ")
        line.add_row(
            Text(when, "bold"),
            f"tick {facts.number:,}",
            f"{rate(sight.ticks_per_s)}  lag {seconds(facts.lag_s)}",
            state,
        )
    return _boxed(line, "twin", right=_world(setting))


def fleet(facts: Facts) -> Panel:
    """How many satellites, how many of them in sunlight, what they carry."""
    lines = _pairs()
    up, installed = facts.satellites_up_count, facts.satellites_count
    lines.add_row("satellites", f"{up:,} of {installed:,} up")
    lines.add_row("in sun", _bar(facts.sunlit_fraction, "yellow"))
    dark = None if facts.sunlit_fraction is None else 1.0 - facts.sunlit_fraction
    lines.add_row("in dark", _bar(dark, "blue"))
    downlink = f"{amount(facts.downlink_delivered_bps, 'bit/s')}"
    available = amount(facts.downlink_available_bps, "bit/s")
    lines.add_row("downlink", f"{downlink} of {available}")
    return _boxed(lines, "fleet")


def power(facts: Facts) -> Panel:
    """What came of arrays, grid and batteries, what was used, what the batteries hold."""
    lines = _beside()
    both = (facts.orbit.power, facts.ground.power)
    lines.add_row("supplied", *(amount(one.supplied_w, "W") for one in both))
    lines.add_row("used", *(amount(one.used_w, "W") for one in both))
    lines.add_row("charge", _bar(facts.orbit.power.charge_fraction, "green", cells=8), "–")
    return _boxed(lines, "power")


def compute(facts: Facts) -> Panel:
    """Accelerators that could work and that did, and the tokens they made."""
    lines = _beside()
    both = (facts.orbit.compute, facts.ground.compute)
    lines.add_row("available", *(amount(one.available_count, "") for one in both))
    lines.add_row("delivered", *(_delivered(place) for place in (facts.orbit, facts.ground)))
    lines.add_row("tokens", *(amount(one.delivered_tok_per_s, "/s") for one in both))
    return _boxed(lines, "compute", right=Text("accelerators", "dim"))


def proof(facts: Facts, sight: Sight) -> Panel:
    """The state hash, and whether a replay comes to the same."""
    lines = _pairs()
    lines.add_row("hash", Text(f"{facts.hash[:20]}…", "cyan"))
    lines.add_row("replay", _verdict(sight))
    lines.add_row("journal", f"{facts.number:,} records, chained")
    unread = facts.not_applied_count
    lines.add_row("this tick", f"{facts.rows_count:,} rows, {unread} unused")
    return _boxed(lines, "proof")


def segments(facts: Facts) -> Panel:
    """Every segment in one line."""
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    for name in ("segment", "assets up", "in sun", "charge", "supplied", "used", "held back by"):
        table.add_column(name, justify="left" if name in ("segment", "held back by") else "right")
    for one in facts.segments:
        table.add_row(
            one.segment,
            f"{one.up_count:,} of {one.installed_count:,}",
            "" if one.is_ground else percent(one.sunlit_fraction),
            "" if one.is_ground else percent(one.charge_fraction),
            amount(one.supplied_w, "W"),
            amount(one.used_w, "W"),
            Text(one.binding_constraint, "yellow"),
        )
    return _boxed(table, "segments")


def alerts(facts: Facts, *, lines_count: int) -> Panel:
    """What is wrong now: which segment, in what way, and which satellites."""
    if not facts.alerts:
        return _boxed(Text("nothing is wrong", "green"), "alerts")
    lines = Table.grid(padding=(0, 2), expand=True)
    lines.add_column(no_wrap=True)
    lines.add_column(no_wrap=True)
    lines.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    worst_first = sorted(facts.alerts, key=lambda alert: alert.severity != "critical")
    fits = len(facts.alerts) <= lines_count
    shown = worst_first if fits else worst_first[: lines_count - 1]
    for alert in shown:
        style = SEVERITY_STYLE[alert.severity]
        lines.add_row(
            Text(f"● {alert.alarm_id}", style), Text(alert.severity, style), _named(alert)
        )
    if not fits:
        lines.add_row(Text(f"  and {len(facts.alerts) - len(shown)} more", "dim"), "", "")
    return _boxed(lines, "alerts", right=Text(f"{len(facts.alerts)} open", "bold yellow"))


def foot(setting: Setting, sight: Sight) -> Group:
    """Where to ask, and what a process said last."""
    first = Table.grid(expand=True)
    first.add_column(no_wrap=True, overflow="ellipsis")
    first.add_column(justify="right", no_wrap=True)
    first.add_row(
        Text(f" {setting.url}/v1/twin  /docs", "cyan"), Text("Ctrl-C stops; it resumes ", "dim")
    )
    stopped = sight.seen.verdict.stopped
    why = f"check replay stopped: {stopped}" if stopped else ""
    said = why or sight.note or f"in {setting.directory}"
    return Group(first, _one_line(ROUTES), _one_line(said))


def _one_line(text: str) -> Text:
    return Text(f" {text}", "dim", no_wrap=True, overflow="ellipsis")


def farewell(setting: Setting, sight: Sight) -> Text:
    """What is left on the terminal when the panel goes."""
    if sight.seen.facts is None:
        return Text("stopped before the first tick")
    tick = sight.seen.facts
    closed = ticks(tick.number, begun_count=setting.begun_count)
    return Text.assemble(
        f"stopped at {instant_text(tick.tick_ns)} after {closed}, hash ",
        (tick.hash[:20], "cyan"),
        "…, ",
        _verdict(sight),
        "; the same command goes on from here",
    )


def _world(setting: Setting) -> Text:
    fleet = setting.choice.fleet
    if setting.is_assumed:
        return Text(f"{fleet}: assumed, not measured", "bold yellow")
    return Text(f"{fleet}: counted, telemetry simulated", "bold green")


def _verdict(sight: Sight) -> Text:
    number, stopped = sight.seen.verdict.number, sight.seen.verdict.stopped
    if stopped:
        return Text(f"✘ stopped at tick {number:,}", "bold red")
    if not number:
        return Text("not yet", "dim")
    return Text(f"✔ agrees to tick {number:,}", "green")


def _delivered(place: Place) -> str:
    one = place.compute
    return f"{amount(one.delivered_count, '')} {share(one.delivered_count, one.available_count)}"


def _named(alert: OpenAlert) -> str:
    words = SAID[alert.alarm_id.rsplit("/", 1)[1]]
    said = words.format(value=alert.value, watts=amount(alert.value, "W"))
    if not alert.asset_ids:
        return said
    shown = " ".join(str(asset) for asset in alert.asset_ids[:NAMED_COUNT])
    more = round(alert.value) - min(len(alert.asset_ids), NAMED_COUNT)
    return f"{said}: {shown} and {more} more" if more > 0 else f"{said}: {shown}"


def _bar(fraction: float | None, style: str, *, cells: int = BAR_CELLS) -> Text:
    if fraction is None:
        return Text("–")
    full = round(fraction * cells)
    return Text.assemble(
        ("━" * full, style), ("━" * (cells - full), "bright_black"), f" {percent(fraction)}"
    )


def _pairs() -> Table:
    lines = Table.grid(padding=(0, 1))
    lines.add_column(style="dim", no_wrap=True, min_width=10)
    lines.add_column(no_wrap=True)
    return lines


def _beside() -> Table:
    """A column for orbit and one for the ground."""
    lines = Table(box=None, expand=True, pad_edge=False, header_style="dim", padding=(0, 1))
    for name in ("", "orbit", "ground"):
        lines.add_column(name, style="dim" if not name else "", no_wrap=True)
    return lines


def _boxed(inside: Table | Text, title: str, *, right: Text | None = None) -> Panel:
    heading = Text.assemble((title, "bold cyan"))
    if right is not None:
        heading = Text.assemble(heading, "  ", right)
    return Panel(
        inside, title=heading, title_align="left", box=box.ROUNDED, border_style="bright_black"
    )
