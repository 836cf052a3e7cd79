"""The boxes of the panel: each a few facts, drawn."""

from __future__ import annotations

from typing import NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from infra.panel.sight import Facts, Lift, OpenAlert, Place, Setting, Sight
from infra.words import amount, money, percent, rate, seconds, share, span, ticks
from twin.units import NS_PER_S, instant_text

BAR_CELLS = 16
BEHIND_MAX_COUNT = 300
"""Ticks by which the fold that counts launches may be behind before they are not told."""
SEGMENT_STYLES = {"Space": "magenta", "Connectivity": "cyan", "AI": "yellow"}
SEVERITY_STYLE = {"critical": "bold red", "warning": "yellow"}
BOX_CELLS = 4
"""A border and a space on either side of what is in a box."""

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
    "at-risk": "may break in {span}",
    "breached": "is broken",
    "lapsed": "says nothing any more",
    "quarantined": "{value:,.0f} not readable",
}
"""What is wrong in an alarm of each condition, the last word of its name."""
ROUTES = "/v1/revenue /v1/commitments /v1/launches /v1/workloads /v1/satellites /v1/why"


class Box(NamedTuple):
    """A box as drawn, and how many lines are in it."""

    drawn: Panel
    lines_count: int


def head(setting: Setting, sight: Sight, *, is_narrow: bool = False) -> Panel:
    """Which world, which instant, how fast."""
    line = Table.grid(expand=True)
    for justify in ("left", "right") if is_narrow else ("left", "center", "center", "right"):
        line.add_column(justify=justify, no_wrap=True)
    facts = sight.seen.facts
    state = Text("■ stopping", "yellow") if sight.is_stopping else Text("● running", "green")
    if facts is None:
        line.add_row(Text(setting.before), *(() if is_narrow else ("", "")), state)
    elif is_narrow:
        line.add_row(Text(f"{instant_text(facts.tick_ns)}, tick {facts.number:,}", "bold"), state)
    else:
        when = instant_text(facts.tick_ns).replace("T", " ")
        line.add_row(
            Text(when, "bold"),
            f"tick {facts.number:,}",
            f"{rate(sight.ticks_per_s)}  lag {seconds(facts.lag_s)}",
            state,
        )
    return _boxed(line, "twin", right=_world(setting))


def fleet(facts: Facts, lift: Lift | None, *, is_roomy: bool) -> Box:
    """How many satellites, how many of them in sunlight, what they carry, what flies next."""
    lines = _pairs()
    up, installed = facts.satellites_up_count, facts.satellites_count
    delivered = amount(facts.downlink_delivered_bps, "bit/s")
    available = amount(facts.downlink_available_bps, "bit/s")
    if is_roomy:
        lines.add_row("satellites", f"{up:,} of {installed:,} up")
        lines.add_row("in sun", _bar(facts.sunlit_fraction, "yellow"))
        dark = None if facts.sunlit_fraction is None else 1.0 - facts.sunlit_fraction
        lines.add_row("in dark", _bar(dark, "blue"))
    else:
        lines.add_row("satellites", f"{up:,}/{installed:,}, sun {percent(facts.sunlit_fraction)}")
    lines.add_row("downlink", f"{delivered} of {available}")
    for label, said in _launches(facts, lift, is_roomy=is_roomy):
        lines.add_row(label, said)
    return _box(lines, "fleet", lines.row_count)


def _launches(facts: Facts, lift: Lift | None, *, is_roomy: bool) -> list[tuple[str, str]]:
    """Launches flown and the next one, in two lines or in one."""
    if lift is None or facts.number - lift.number > BEHIND_MAX_COUNT:
        return [("flown", "–"), ("next", "–")] if is_roomy else [("flown", "–")]
    left_s = max(0, lift.next_net_ns - facts.tick_ns) / NS_PER_S
    when = f"in {span(left_s)}" if lift.next_vehicle else "none"
    # All since the world started: it knows of none before.
    if not is_roomy:
        soon = when.removeprefix("in ")
        return [("flown", f"{lift.flown_count:,} so far, next {soon}")]
    failed = f", {lift.failed_count:,} failed" if lift.failed_count else ""
    following = f"{lift.next_vehicle} {when}".lstrip()
    return [("flown", f"{lift.flown_count:,} so far{failed}"), ("next", following)]


def plant(facts: Facts) -> Box:
    """Power and compute, in orbit and on the ground.

    What came of arrays, grid and batteries, what was used, what the batteries hold; accelerators
    that could work and that did, and the tokens that were served to those who asked.
    """
    power, compute = _beside(), _beside()
    places = (facts.orbit, facts.ground)
    power.add_row("", Text("orbit", "dim"), Text("ground", "dim"))
    power.add_row("supplied", *(amount(one.power.supplied_w, "W") for one in places))
    power.add_row("used", *(amount(one.power.used_w, "W") for one in places))
    power.add_row("charge", _bar(facts.orbit.power.charge_fraction, "green", cells=6), "–")
    compute.add_row("available", *(amount(one.compute.available_count, "") for one in places))
    compute.add_row("delivered", *(_delivered(place) for place in places))
    compute.add_row("tokens", amount(facts.served_tok_per_s, "/s"), Text("served", "dim"))
    title = Text.assemble(("compute", "bold cyan"), ("  accelerators", "dim"))
    rule = Rule(title, align="left", style="bright_black", characters="─")
    whole = Group(power, rule, compute)
    return _box(whole, "power", power.row_count + 1 + compute.row_count)


def revenue(facts: Facts) -> Box:
    """What each reporting segment comes to in a year, as it earns now, and all of them together.

    Launches are paid as they fly: their rate is of all so far, over 90 days at least.
    """
    lines = Table.grid(padding=(0, 1), expand=True)
    lines.add_column(style="dim", no_wrap=True, width=12)
    lines.add_column(justify="right", no_wrap=True, width=9)
    lines.add_column(no_wrap=True, ratio=1)
    whole_usd = sum(max(0.0, each.run_rate_usd_per_y) for each in facts.revenue)
    for each in facts.revenue:
        part = max(0.0, each.run_rate_usd_per_y) / whole_usd if whole_usd else None
        style = SEGMENT_STYLES.get(each.reporting_segment, "white")
        lines.add_row(
            each.reporting_segment,
            money(each.run_rate_usd_per_y),
            _bar(part, style, cells=6),
        )
    total = Text(money(facts.consolidated_usd_per_y), "bold")
    lines.add_row("consolidated", total, Text("a year", "dim"))
    return _box(lines, "revenue", lines.row_count, right=Text("run-rate, launches 90 d", "dim"))


def promises(facts: Facts, *, is_roomy: bool) -> Box:
    """How many commitments are kept, and which of them to watch."""
    found, lines = facts.promises, _pairs()
    breached_count = found.running_count - found.kept_count
    kept = Text(
        f"{found.kept_count} of {found.running_count}", "red" if breached_count else "green"
    )
    if breached_count:
        kept.append(f", {breached_count} breached", "bold red")
    lines.add_row("kept", kept)
    if is_roomy:
        style = "yellow" if found.at_risk_count else ""
        lines.add_row("at risk", Text(str(found.at_risk_count or "none"), style))
    following = found.next
    if following is None:
        lines.add_row("next", "–")
        return _box(Group(lines, Text()), "commitments", lines.row_count + 1)
    style = "yellow" if following.is_breaking else ""
    what = "breaks in" if following.is_breaking else "window ends in"
    lines.add_row("next", Text(f"{what} {span(following.left_s)}", style))
    # A name needs the whole line.
    named = Text(following.commitment_id, style or "default", no_wrap=True, overflow="ellipsis")
    return _box(Group(lines, named), "commitments", lines.row_count + 1)


def proof(facts: Facts, sight: Sight, *, is_roomy: bool) -> Box:
    """The state hash, and whether a replay comes to the same."""
    lines = _pairs()
    lines.add_row("hash", Text(f"{facts.hash[:20]}…", "cyan"))
    lines.add_row("replay", _verdict(sight))
    if is_roomy:
        lines.add_row("journal", f"{facts.number:,} records, chained")
        lines.add_row("this tick", f"{facts.rows_count:,} rows, {facts.not_applied_count} unused")
    return _box(lines, "proof", lines.row_count)


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


def alerts(facts: Facts, *, lines_count: int, columns_count: int) -> Panel:
    """What is wrong now: which segment, in what way, and which satellites."""
    if not facts.alerts:
        return _boxed(Text("nothing is wrong", "green"), "alerts")
    lines = Table.grid(padding=(0, 2), expand=True)
    lines.add_column(no_wrap=True)
    lines.add_column(no_wrap=True)
    lines.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    worst_first = sorted(facts.alerts, key=lambda alert: alert.severity != "critical")
    fits = len(facts.alerts) <= lines_count
    # In a single line the worst is named; how many there are, the title says.
    shown = worst_first if fits else worst_first[: max(1, lines_count - 1)]
    heads = [(f"● {alert.alarm_id.removeprefix('commitment/')}", alert.severity) for alert in shown]
    taken_count = BOX_CELLS + sum(
        max(len(word) for word in words) + 2 for words in zip(*heads, strict=True)
    )
    for alert, words in zip(shown, heads, strict=True):
        style = SEVERITY_STYLE[alert.severity]
        said = _named(alert, room_count=columns_count - taken_count)
        lines.add_row(*(Text(word, style) for word in words), said)
    if not fits and lines_count > 1:
        lines.add_row(Text(f"  and {len(facts.alerts) - len(shown)} more", "dim"), "", "")
    return _boxed(lines, "alerts", right=Text(f"{len(facts.alerts)} open", "bold yellow"))


def foot(setting: Setting, sight: Sight, *, is_roomy: bool) -> Group:
    """Where to ask, and what a process said last."""
    first = Table.grid(expand=True)
    first.add_column(no_wrap=True, overflow="ellipsis")
    first.add_column(justify="right", no_wrap=True)
    first.add_row(
        Text(f" {setting.url}/v1/twin  /docs", "cyan"), Text("Ctrl-C stops; it resumes ", "dim")
    )
    stopped = sight.seen.verdict.stopped
    why = f"check replay stopped: {stopped}" if stopped else ""
    told = (*setting.choice.inputs, setting.remark, f"in {setting.directory}")
    said = why or sight.note or "; ".join(filter(None, told))
    lines: list[RenderableType] = [first, _one_line(said)]
    if is_roomy:
        lines.insert(1, _one_line(ROUTES))
    return Group(*lines)


def _one_line(text: str) -> Text:
    return Text(f" {text}", "dim", no_wrap=True, overflow="ellipsis")


def farewell(setting: Setting, sight: Sight) -> Text:
    """What is left on the terminal when the panel goes."""
    if sight.seen.facts is None:
        return Text(f"stopped {setting.before}")
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


def _named(alert: OpenAlert, *, room_count: int) -> str:
    """What is wrong, and as many of the assets by name as there is room for."""
    value, condition = alert.value, alert.alarm_id.rsplit("/", 1)[1]
    said = SAID[condition].format(value=value, watts=amount(value, "W"), span=span(value))
    for count in range(min(NAMED_COUNT, len(alert.asset_ids)), 0, -1):
        names = " ".join(str(asset) for asset in alert.asset_ids[:count])
        more_count = round(alert.value) - count
        whole = f"{said}: {names}" + (f" and {more_count} more" if more_count > 0 else "")
        if len(whole) <= room_count:
            return whole
    return said


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
    lines = Table.grid(padding=(0, 1), expand=True)
    lines.add_column(style="dim", no_wrap=True, width=10)
    lines.add_column(no_wrap=True, ratio=1)
    lines.add_column(no_wrap=True, ratio=1)
    return lines


def _box(inside: RenderableType, title: str, lines_count: int, *, right: Text | None = None) -> Box:
    return Box(_boxed(inside, title, right=right), lines_count)


def _boxed(inside: RenderableType, title: str, *, right: Text | None = None) -> Panel:
    heading = Text.assemble((title, "bold cyan"))
    if right is not None:
        heading = Text.assemble(heading, "  ", right)
    return Panel(
        inside, title=heading, title_align="left", box=box.ROUNDED, border_style="bright_black"
    )
