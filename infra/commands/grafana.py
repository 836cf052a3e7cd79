"""``twin grafana``: the dashboards, as files or into a Grafana that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from infra.commands import options

grafana = typer.Typer(
    help="Write the dashboards as files, or put them into a Grafana that runs.",
    rich_markup_mode=None,
    invoke_without_command=True,
    callback=options.show_help,
)


DASHBOARDS: Final = Path(__file__).resolve().parents[1] / "grafana" / "dashboards"


@grafana.command()
def render(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the files go.")
    ] = DASHBOARDS,
) -> None:
    """Write each dashboard as a file, for provisioning."""
    from infra.grafana.overview import overview

    path = folder / "overview.json"
    path.write_text(json.dumps(overview(), indent=2, ensure_ascii=False) + "\n")
    print(path)


@grafana.command()
@options.addressed
def apply(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Where Grafana is.")
    ] = "http://127.0.0.1:3000",
    directory: options.Dir = None,
) -> None:
    """Put folder, data source and dashboards into a Grafana; again, it changes nothing twice."""
    settings = options.settings_of(directory)
    from infra.grafana.applying import apply as put

    for done in put(settings, url):
        print(done)
