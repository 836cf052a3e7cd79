"""Today's answer as a page to read: figures side by side, what it would take, and sources."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import wrap

from infra.costs.today import CLAIM, HURDLE, Side, Today, answer_today, learned_kg, verdict
from infra.words import amount
from twin.baseline import Assumption
from twin.business.assumption_sets import TERMS
from twin.business.costs import YEAR_S
from twin.business.studies import launched_power_usd_per_kw_y

NAME_WIDTH, WIDTH, PAGE_WIDTH = 34, 9, 110


def lines(today: Today) -> Iterator[str]:
    """The page, line by line."""
    yield from _head(today)
    yield from _figures(today)
    yield ""
    yield from _what_it_takes(today)
    yield ""
    yield from _model(today)
    yield ""
    yield from _verdict(today)
    yield ""
    yield from _sources(today)


def _head(today: Today) -> Iterator[str]:
    sat, site = today.orbiter, today.site
    yield (
        f"orbit:  AI1, {amount(sat.array_w, 'W')} of array, {sat.mass_kg:,.0f} kg, "
        f"{sat.accelerators_count} accelerators, assumed"
    )
    yield f"ground: {site.site}, {site.model}, PUE {site.pue_ratio:g}, own gas turbines"
    if today.changes:
        told = ", ".join(f"{name}={value:g}" for name, value in today.changes.items())
        yield f"with {told} in every set"
    yield ""
    yield _row("", [side.assumed.name for side in today.sides], width=2 * WIDTH + 1)
    yield _row("", ["orbit", "ground"] * len(today.sides))


def _figures(today: Today) -> Iterator[str]:
    for title, name in (
        ("power plant, $ per W", "capex_usd_per_w"),
        ("power used, $ per MWh", "energy_usd_per_mwh"),
        ("accelerator-hour, $", "accelerator_hour_usd"),
        ("million tokens, $", "million_tok_usd"),
        ("launch, $ per kg", "launch_usd_per_kg"),
    ):
        both = [(getattr(s.orbit, name), getattr(s.ground, name)) for s in today.sides]
        yield _row(title, _alike([value for pair in both for value in pair]))
    for title, name in (
        (f"orbit over {today.site.site}, MWh", "energy_usd_per_mwh"),
        (f"orbit over {today.site.site}, acc.-hour", "accelerator_hour_usd"),
    ):
        yield _row(title, [_times(side.ratio(name)) for side in today.sides], width=2 * WIDTH + 1)
    ratios = [_times(side.orbit.ground_ratio) for side in today.sides]
    yield _row("ground_ratio of orbit", ratios, width=2 * WIDTH + 1)
    yield from _wrapped(
        f"The first two divide orbit by {today.site.site}, the ground column beside it; "
        "ground_ratio, here and in /v1/costs, a megawatt-hour by that of the set's own ground "
        "plant: the published one with the set's prices, and of no site."
    )


def _what_it_takes(today: Today) -> Iterator[str]:
    yield "for a megawatt-hour in orbit to cost no more than on the ground, all else equal:"
    yield _prices("  launch, $ per kg, at most", today.sides, "breakeven_launch_usd_per_kg")
    yield _prices("  or satellites, $ per W, at most", today.sides, "breakeven_hardware_usd_per_w")
    target = today.number("suncatcher.target_usd_per_kg")
    yield _prices(
        f"  or these and launch at {target:g} $ per kg",
        answer_today({**today.changes, "launchCostPerKg": target}).sides,
        "breakeven_hardware_usd_per_w",
    )
    yield from _wrapped(
        f"Suncatcher expects {target:g} $ per kg about 2035, once "
        f"{amount(learned_kg(today, target) / 1000, 't')} have been launched: 20 % off for each "
        "doubling."
    )


def _model(today: Today) -> Iterator[str]:
    orbit, ground, plate = today.model.orbital, today.model.terrestrial, today.model.thermal
    yield from _wrapped(
        f"The published model by itself (its own satellite, no accelerators): "
        f"{_short(orbit.total_usd_per_w)} $ per W against {_short(ground.total_usd_per_w)}, "
        f"{_short(orbit.energy_usd_per_mwh)} $ per MWh against "
        f"{_short(ground.energy_usd_per_mwh)}; break-even launch price "
        f"{_short(today.model.breakeven_usd_per_kg)} $ per kg; "
        f"{_short(orbit.launches_count)} launches of Starship; plate at "
        f"{_short(plate.equilibrium_c)} of {_short(plate.radiator_c)} degrees Celsius allowed."
    )


def _verdict(today: Today) -> Iterator[str]:
    ratios = ", ".join(
        f"{_times(side.ratio('accelerator_hour_usd'))} {side.assumed.name}" for side in today.sides
    )
    yield from _wrapped(f"Claim: {CLAIM}")
    yield from _wrapped(f"Verdict: {verdict(today)}. An accelerator-hour in orbit costs {ratios}.")
    yield from _wrapped(HURDLE)
    yield from _wrapped(f"Others: {'; '.join(_others(today))}.")


def _others(today: Today) -> Iterator[str]:
    number = today.number
    space, ground = (_range(today, f"study.bcg.{side}-") for side in ("space", "ground"))
    yield f"{space} against {ground} M$ per MW over 20 years (BCG, 2026-08-27)"
    low, high = number("study.spacedc.optimistic_ratio"), number("study.spacedc.default_ratio")
    yield f"{low:g} to {high:g} x (spacedc-mdao)"
    yield f"up to {number('study.abi.cost_ratio'):g} x (ABI)"
    low, high = (number(f"turyshev.breakeven-{end}_usd_per_kg") for end in ("min", "max"))
    yield f"launch must cost {low:,.0f} to {high:,.0f} $ per kg (Turyshev, arXiv:2604.27197)"
    target = number("suncatcher.target_usd_per_kg")
    low, high = (number(f"suncatcher.terrestrial-{end}_usd_per_kw_y") for end in ("min", "max"))
    yield (
        f"at {target:g} $ per kg launching AI1 is {_launched(today)} $ per kW and year, and power "
        f"on the ground {low:,.0f} to {high:,.0f} (Suncatcher's way, arXiv:2511.19468)"
    )
    space, ground = (
        f"{number(f'starcloud.{side}-total_usd') / 1e6:g}" for side in ("space", "terrestrial")
    )
    yield f"{space} against {ground} M$ for 40 MW and 10 years (Starcloud), contested"


def _sources(today: Today) -> Iterator[str]:
    yield "Where the numbers come from; what a set does not name is as in the first:"
    yield "  published"
    yield from _wrapped(_cited(today.book["mccalip.launch_usd_per_kg"]), indent=4)
    for side in today.sides[1:]:
        yield f"  {side.assumed.name}"
        # AI1 flies on no Falcon.
        terms = [t for t in TERMS[side.assumed.name] if t.field != "falcon_usd_per_kg"]
        for name in (name for term in terms for name in (term.name, term.per) if name):
            yield from _wrapped(_said(today, name), indent=4)
    yield "  in every set"
    for name in ("cost.servers_usd_per_w", "cost.accelerator-life_y"):
        yield from _wrapped(_said(today, name), indent=4)
    yield from _wrapped(
        "Left out: interest, land, taxes, the value of what an older accelerator still does. "
        "Accelerators that fail in orbit are lost, on the ground the vendor replaces them. The "
        "published model runs the orbital plant all the time and the ground plant "
        f"{today.sides[0].assumed.inputs.capacity_fraction:.0%} of it.",
        indent=2,
    )


def _said(today: Today, name: str) -> str:
    entry = today.book[name]
    value = f"{entry.value:,.12g}" if not isinstance(entry.value, str) else entry.value
    return f"{name} = {value} · {_cited(entry)}"


def _cited(entry: Assumption) -> str:
    note = f" ({entry.note})" if entry.note else ""
    return f"{entry.source}, {entry.as_of}, {entry.confidence}{note}"


def _launched(today: Today) -> str:
    """What launching the satellite costs a kilowatt and year, at Suncatcher's price."""
    sat = today.orbiter
    return _short(
        launched_power_usd_per_kw_y(
            mass_kg=sat.mass_kg,
            power_w=sat.array_w,
            life_y=sat.life_s / YEAR_S,
            launch_usd_per_kg=today.number("suncatcher.target_usd_per_kg"),
        )
    )


def _range(today: Today, stem: str) -> str:
    least, most = (today.number(f"{stem}{end}_usd_per_mw") / 1e6 for end in ("min", "max"))
    return f"{least:g}-{most:g}"


def _prices(title: str, sides: Sequence[Side], name: str) -> str:
    prices = [getattr(side.orbit, name) for side in sides]
    cells = zip(prices, _alike([max(price, 0.0) for price in prices]), strict=True)
    said = ["not even free" if price < 0 else cell for price, cell in cells]
    return _row(title, said, width=2 * WIDTH + 1)


def _alike(values: Sequence[float]) -> list[str]:
    """The figures of a row, all with as many decimals: none where one of them is a thousand."""
    finite = [abs(value) for value in values if math.isfinite(value)]
    is_whole = all(value == int(value) for value in finite)
    digits = 0 if is_whole or max(finite, default=0.0) >= 1000 else 2
    return [f"{value:,.{digits}f}" if math.isfinite(value) else "–" for value in values]


def _times(ratio: float) -> str:
    return f"{ratio:.2f} x" if math.isfinite(ratio) else "–"


def _short(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    digits = 0 if abs(value) >= 1000 or value == int(value) else 2
    return f"{value:,.{digits}f}"


def _row(title: str, cells: Sequence[str], *, width: int = WIDTH) -> str:
    return f"{title:<{NAME_WIDTH}} " + " ".join(f"{cell:>{width}}" for cell in cells)


def _wrapped(words: str, *, indent: int = 0) -> list[str]:
    pad = " " * indent
    return wrap(
        words, PAGE_WIDTH, initial_indent=pad, subsequent_indent=pad, break_on_hyphens=False
    )
