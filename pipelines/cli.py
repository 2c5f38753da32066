"""The ``marsad`` command: what people type, what they read, which exit code a program gets. No work is done here.

Exit codes: 0 done; 1 unexpected; 2 wrong usage; 3 another run is writing; 4 published, but a release was refused;
5 nothing published, or nothing known of what was asked; 6 blocked, nothing published; 7 the input was refused;
8 the publication is stale; 9 no source answered; 10 the published file is damaged, or was found so and has been replaced.
"""

from __future__ import annotations

import gc
import json
import math
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.errors import BadInput, Blocked, Damaged, Expected, Interrupted, Unknown, Unreached
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.fetching.attempts import Attempt
    from pipelines.previewing import Preview

REFUSED_SOME = 4

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Marsad: Morocco's digital indicators, in one DuckDB file.")
# A file or a pipe has no width: tables are written whole there.
_WIDE = 240
out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def main() -> None:
    """Entry point: one clear line for what is expected to go wrong."""
    # dbt and Dagster keep millions of objects to the end: at Python's own pace a tenth of a refresh is looking through them.
    gc.set_threshold(50_000, 20, 50)
    if threading.current_thread() is threading.main_thread():
        # Whoever stops services asks for the same as Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except SystemExit as left:
        if left.code == Interrupted.exit_code:
            err.print("[red]marsad:[/red] interrupted")
        raise
    except Expected as error:
        err.print(f"[red]marsad:[/red] {escape(str(error))}", soft_wrap=True)
        if isinstance(error, Interrupted):
            # dbt's thread may be in the middle of a statement, which Python's own way out would abort with a core dump.
            sys.stdout.flush()
            os._exit(error.exit_code)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        # A full disk, a file or folder that may not be read or written: the system names it.
        err.print(f"[red]marsad:[/red] {escape(str(error))}", soft_wrap=True)
        raise SystemExit(1) from None


def _json(said: Any) -> None:
    def plain(value: Any) -> Any:
        return float(value) if isinstance(value, Decimal) else str(value)

    sys.stdout.write(json.dumps(said, ensure_ascii=False, indent=2, default=plain) + "\n")


@app.command()
def refresh(
    full: Annotated[bool, typer.Option(help="Rebuild everything from data/raw and data/seeds alone.")] = False,
    dataset: Annotated[
        str | None, typer.Option(help="Only this data set (domain/name), into the draft; publishes nothing.")
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Ask the publishers first; MARSAD_OFFLINE=1 keeps everybody from asking.")
    ] = False,
    notify: Annotated[
        bool, typer.Option("--notify", help="Report a failure, and send the report to MARSAD_NOTIFY: for cron and timers.")
    ] = False,
    accept_shrinkage: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A data set or mart that may have less than in the last publication; repeatable."),
    ] = None,
    wait: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How long to wait for another run that writes.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Load what is new, build the marts, check everything and publish."""
    from pipelines.refresh import refresh as run
    from pipelines.warehouse.publication import damage

    if not math.isfinite(wait):
        raise typer.BadParameter(f"{wait} is no number of seconds", param_hint="--wait")
    settings = Settings.from_environment()
    try:
        with _reporting(settings) if notify else nullcontext():
            if as_json or not err.is_terminal:
                outcome = run(
                    settings,
                    full=full,
                    dataset=dataset,
                    patience_seconds=wait,
                    fetch=fetch,
                    accept_shrinkage=accept_shrinkage or (),
                )
            else:
                with err.status("looking for what is new") as status:
                    outcome = run(
                        settings,
                        full=full,
                        dataset=dataset,
                        listener=lambda line: status.update(escape(line)),
                        patience_seconds=wait,
                        fetch=fetch,
                        accept_shrinkage=accept_shrinkage or (),
                    )
    except Blocked as error:
        kept = f"readers keep {settings.current.resolve().name}" if settings.current.exists() else "nothing was published before"
        found = damage(settings)
        raise Blocked("\n".join([f"nothing was published; {kept}", *([str(found)] if found else []), str(error)])) from error
    refused = sum(outcome.refused.values())
    published = outcome.published.name if outcome.published else None
    if as_json:
        _json(
            {
                "publication": published,
                "rested": outcome.rested,
                "damage": vars(outcome.damage) if outcome.damage else None,
                "seconds": round(outcome.seconds, 2),
                "rows_added": {name: rows for name, rows in outcome.rows_added.items() if rows},
                "releases_refused": refused,
                "checks_passed": outcome.checks_passed,
                "checks_warned": outcome.checks_warned,
                "fetched": [asdict(attempt) for attempt in outcome.fetched],
            }
        )
    else:
        _fetched(outcome.fetched)
        if outcome.rested:
            out.print(f"{outcome.rested} ({outcome.seconds:.1f} s)")
        else:
            _report(settings, outcome)
    if outcome.damage is not None:
        err.print(f"[red]damaged    {escape(str(outcome.damage))}[/red]", soft_wrap=True)
        raise SystemExit(Damaged.exit_code)
    _leave_with(outcome.fetched, refused)


def _leave_with(fetched: Sequence[Attempt], refused: int) -> None:
    """The exit code of what was published, or left as it was, when sources failed or releases were refused."""
    from pipelines.fetching.attempts import FAILURES, SKIPPED

    asked = [attempt for attempt in fetched if attempt.outcome != SKIPPED]
    failed = [attempt for attempt in asked if attempt.outcome in FAILURES]
    if failed and len(failed) == len(asked):
        raise Unreached(f"none of the {len(asked)} sources gave anything: what was published before goes on serving")
    if refused or failed:
        raise SystemExit(REFUSED_SOME)


def _fetched(fetched: Sequence[Attempt]) -> None:
    from pipelines.fetching.attempts import FAILURES

    for attempt in fetched:
        colour = "yellow" if attempt.outcome in FAILURES else "default"
        said = attempt.release or attempt.message or ""
        out.print(
            f"fetched    [{colour}]{attempt.outcome.lower().replace('_', ' ')}[/{colour}]  {attempt.dataset}  {escape(said)}",
            soft_wrap=True,
        )


@app.command("fetch")
def fetch_now(
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only this data set (domain/name), even if it is off by default; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the publishers and file what is new as sealed releases; loads and publishes nothing."""
    from pipelines.datasets import data_sets
    from pipelines.fetching.run import fetch as ask
    from pipelines.fetching.run import sources
    from pipelines.warehouse import lock

    settings = Settings.from_environment()
    found = data_sets(settings.raw, settings.elsewhere)
    known = sorted(source.dataset.name for source in sources(found))
    for name in dataset or ():
        if name not in known:
            raise Unknown(f"{name!r} is fetched from nowhere; data sets that are: {', '.join(known) or 'none'}")
    with lock.writer(settings.lock, "fetching"):
        fetched = ask(settings, found, names=dataset)
    if as_json:
        _json([asdict(attempt) for attempt in fetched])
    elif not fetched:
        out.print("no data set is fetched: none has an enabled fetch block in its dataset.yml")
    else:
        _fetched(fetched)
    _leave_with(fetched, 0)


@contextmanager
def _reporting(settings: Settings) -> Iterator[None]:
    """Report whatever ends the refresh before its time, then let it go on."""
    from pipelines import alerts

    try:
        yield
    except Exception as error:
        reasons = getattr(error, "reasons", None) or [str(error) or type(error).__name__]
        told = alerts.failed(
            settings, f"marsad refresh, process {os.getpid()}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", reasons
        )
        for line in told.delivery if told else ():
            err.print(f"report: {escape(line)}", soft_wrap=True)
        raise


def _report(settings: Settings, outcome: Any) -> None:
    added = {name: rows for name, rows in outcome.rows_added.items() if rows}
    out.print(f"loaded     {sum(added.values()):,} new statements from {len(added)} data sets")
    for name, count in outcome.refused.items():
        if count:
            out.print(f"[yellow]refused    {count} release(s) of {name}[/yellow]: see quality.refused_rows")
    out.print(f"checked    {outcome.checks_passed} checks passed, {len(outcome.checks_warned)} warn")
    for warned in outcome.checks_warned:
        out.print(f"           [yellow]{warned}[/yellow]")
    if outcome.published is None:
        out.print(f"built      the draft only, nothing published ({outcome.seconds:.1f} s); `marsad refresh` publishes")
        return
    rows = outcome.published.manifest["rows"]
    marts = {name: count for name, count in rows.items() if name.startswith("marts.")}
    table = Table("mart", "rows", box=None, pad_edge=False)
    for name, count in marts.items():
        table.add_row(name, f"{count:,}")
    out.print(f"published  {outcome.published.name} ({outcome.seconds:.1f} s)")
    changed = outcome.published.manifest.get("changes", {"since": None})
    if changed["since"] is not None:
        from pipelines.warehouse.changes import headline

        out.print(f"changed    {headline(changed)}", soft_wrap=True)
    out.print(table)
    here = settings.published
    if here.is_relative_to(Path.cwd()):
        here = here.relative_to(Path.cwd())
    out.print(f"open it    duckdb -readonly {here}", soft_wrap=True)


@app.command()
def status(as_json: AsJson = False) -> None:
    """What is published, since when, how old each source is, and what became of asking for it."""
    from pipelines.fetching.attempts import Health
    from pipelines.fetching.attempts import health as health_of_sources
    from pipelines.warehouse import publication
    from pipelines.warehouse.reading import PublicationDamaged, reader, refuse_damaged

    settings = Settings.from_environment()
    asked = health_of_sources(settings)
    found = publication.damage(settings)
    # First: a damaged file may open and answer.
    refuse_damaged(settings)
    with reader(settings) as connection:
        now = publication.current(settings)
        if now is None:
            raise PublicationDamaged(
                f"{settings.current}: leads to no publication; `marsad refresh` gives readers the last good one"
            )
        cursor = connection.execute(
            "select dataset, publisher, releases, refused_releases, latest_published_on, latest_period_end, late_after "
            "from quality.source_health order by dataset"
        )
        names = [column[0] for column in cursor.description or []]
        sources = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for source in sources:
        source.update({f"fetch_{name}": value for name, value in asdict(asked.get(source["dataset"], Health())).items()})
    if as_json:
        told = {"publication": now.name, "published_at": now.manifest["published_at"], "file": str(now.file)}
        _json({**told, "damage": vars(found) if found else None, "sources": sources})
        if found:
            raise SystemExit(Damaged.exit_code)
        return
    out.print(f"publication  {now.name}, published {now.manifest['published_at']}")
    out.print(f"file         {settings.published}", soft_wrap=True)
    table = Table("data set", "publisher", "releases", "published", "figures to", "late after", box=None, pad_edge=False)
    for source in sources:
        late = source["late_after"] is not None and source["late_after"] < date.today()
        table.add_row(
            source["dataset"],
            source["publisher"],
            str(source["releases"]) + (f" ({source['refused_releases']} refused)" if source["refused_releases"] else ""),
            str(source["latest_published_on"] or "undated"),
            str(source["latest_period_end"] or ""),
            f"[yellow]{source['late_after']}, late[/yellow]" if late else str(source["late_after"] or "no rhythm"),
        )
    out.print(table)
    if asked:
        nights = Table("asked", "last asked", "last success", "last change", "failures since", box=None, pad_edge=False)
        for name, health in sorted(asked.items()):
            failing = f"[yellow]{health.failing}: {escape(health.message or '')}[/yellow]" if health.failing else "0"
            nights.add_row(name, health.last_attempt, health.last_success or "never", health.last_change or "never", failing)
        out.print(nights)
    if found:
        raise PublicationDamaged(f"{found}; `marsad refresh` publishes it")


@app.command()
def explain(
    indicator: Annotated[str | None, typer.Argument(help="An indicator's id, as `marsad indicators` lists it.")] = None,
    area: Annotated[str | None, typer.Option(help="Code or name of an area.")] = None,
    period: Annotated[str | None, typer.Option(help="2022, 2022-Q1, 2022-03, 2022-01/2022-06 ...")] = None,
    mart: Annotated[str | None, typer.Option(help="Instead of an indicator: a mart, such as regional_disparity.")] = None,
    key: Annotated[str | None, typer.Option(help="With --mart: the key of its row (row_key).")] = None,
    column: Annotated[str | None, typer.Option(help="With --mart: one column of the row, instead of all.")] = None,
    most: Annotated[int, typer.Option(min=1, help="With --mart: how many statements of each role to show.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Every statement behind a figure: its quote, its document, its conflicts; or what a row of a mart rests on."""
    from pipelines.explaining import explain as ask
    from pipelines.warehouse.reading import reader

    if mart is not None and key is not None and (indicator, area, period) == (None, None, None):
        _explain_row(mart, key, column, most, as_json)
        return
    if indicator is None or (mart, key, column) != (None, None, None):
        raise typer.BadParameter("ask about an indicator (with --area, --period), or about a row: --mart and --key")
    with reader(Settings.from_environment()) as connection:
        found = ask(connection, indicator, area, period)
    if as_json:
        _json(
            {
                "indicator": found.indicator,
                "statements": found.statements,
                "contradictions": found.contradictions,
                "revisions": found.revisions,
            }
        )
        return
    out.print(f"[bold]{indicator}[/bold]  {found.indicator['label_en']}", soft_wrap=True)
    for each in found.statements:
        mark = f"current ({each['decided_by']})" if each["is_current"] else "not current"
        scale = f" x 10^{each['unit_mult']}" if each["unit_mult"] else ""
        value = "no value" if each["obs_value"] is None else f"{each['bound']} {each['obs_value']}{scale} {each['unit_measure']}"
        out.print(
            f"\n[bold]{escape(str(each['area']))}[/bold]  {each['period']}  {value}  status {each['obs_status']}  {mark}",
            soft_wrap=True,
        )
        cell = [each["definition"], f"urbanisation {each['urbanisation']}", each["breakdown"]]
        out.print(f"  definition  {escape(', '.join(cell))}", soft_wrap=True)
        dated = each["published_on"] or "undated"
        out.print(f"  said by     {each['publisher']}, in {escape(each['document_title'])} ({dated})", soft_wrap=True)
        out.print(f"  address     {escape(each['address'] or 'none')}", soft_wrap=True)
        out.print(f"  carried by  {each['dataset']}/{each['release']} row {each['release_row']}", soft_wrap=True)
        if each["correction"]:
            out.print(
                f"  corrected   to {each['corrected_value']} by {each['correction']}: {escape(each['correction_reason'])}",
                soft_wrap=True,
            )
        for name in ("quote", "locator", "comment"):
            if each[name]:
                out.print(f"  {name:<11} {escape(each[name])}", soft_wrap=True)
    for each in found.contradictions:
        out.print(
            f"\n[yellow]conflict[/yellow] ({each['basis']}, {each['kind']}) {each['period']}: "
            f"{_plain(each['current_value'])} ({each['current_publisher']}, {each['current_document']}) against "
            f"{_plain(each['other_value'])} "
            + (f"({each['other_publisher']}, {each['other_document']})" if each["other_document"] else "from its parts"),
            soft_wrap=True,
        )
    for each in found.revisions:
        out.print(
            f"\n[yellow]revision[/yellow] {each['period']} by {each['publisher']}: {_plain(each['first_value'])} "
            f"({each['first_document']}), then {_plain(each['last_value'])} ({each['last_document']})",
            soft_wrap=True,
        )


def _explain_row(mart: str, key: str, column: str | None, most: int, as_json: bool) -> None:
    from pipelines.explaining import explain_row
    from pipelines.warehouse.reading import reader

    with reader(Settings.from_environment()) as connection:
        found = explain_row(connection, mart, key, column, most)
    if as_json:
        _json(asdict(found))
        return
    out.print(f"[bold]marts.{found.mart}[/bold]  {escape(found.key)}", soft_wrap=True)
    for name, value in found.figures.items():
        out.print(f"  {name:<28} {_plain(value) if isinstance(value, Decimal) else value}", soft_wrap=True)
    if found.declared_in:
        out.print(f"  declared by people in        {', '.join(found.declared_in)}", soft_wrap=True)
    role = None
    for each in found.statements:
        if each["role"] != role:
            role = each["role"]
            shown = f", {most} shown" if each["of_role"] > most else ""
            out.print(f"\n[bold]{role}[/bold]  {each['of_role']} statement{'s' * (each['of_role'] > 1)}{shown}", soft_wrap=True)
        scale = f" x 10^{each['unit_mult']}" if each["unit_mult"] else ""
        said = "" if each["printed"] is None else f"{each['bound']} {each['printed']}{scale} {each['unit_measure']}"
        cell = [each["about"], each["ref_area"], each["urbanisation"], each["breakdown"], each["period"]]
        out.print(f"  {escape('  '.join(part for part in cell if part not in (None, '_T')))}  {said}", soft_wrap=True)
        where = f"{each['dataset']}/{each['release']} row {each['release_row']}"
        out.print(f"    {each['publisher']}, {escape(each['document_title'] or '')}; {where}", soft_wrap=True)
        for name in ("quote", "locator", "correction"):
            if each[name]:
                out.print(f"    {name} {escape(each[name])}", soft_wrap=True)


def _plain(value: Decimal | None) -> str:
    """The number without the zeros its column pads it with."""
    return "no value" if value is None else f"{value.normalize():f}"


@app.command()
def indicators(
    word: Annotated[str | None, typer.Argument(help="Part of a name, in any of the three languages.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find indicators: id, domain, label, how many statements, which years."""
    from pipelines.explaining import search_indicators
    from pipelines.warehouse.reading import reader

    with reader(Settings.from_environment()) as connection:
        found = search_indicators(connection, word)
    if not found:
        raise Unknown(f"no indicator has {word!r} in its names or description")
    if as_json:
        _json(found)
        return
    table = Table("indicator", "domain", "label", "statements", "periods", box=None, pad_edge=False)
    for each in found:
        years = sorted({str(each[end])[:4] for end in ("first_period", "last_period") if each[end]})
        table.add_row(
            each["indicator"], each["domain"], each["label_en"], f"{each['statements']:,}", "-".join(years) or "targets only"
        )
    out.print(table)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SQL statement.")],
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: every row, every digit.")] = False,
) -> None:
    """Ask the published file in SQL, read-only. On a screen 200 rows are shown; --csv and --json write them all."""
    import duckdb

    from pipelines import rows
    from pipelines.warehouse.reading import reader, refuse_damaged

    if as_json and as_csv:
        raise typer.BadParameter("choose one of --csv and --json")
    settings = Settings.from_environment()
    with reader(settings) as connection:
        try:
            statement = rows.question(connection, sql)
            if as_json or as_csv:
                (rows.write_json if as_json else rows.write_csv)(connection.execute(statement), sys.stdout)
                return
            relation = connection.sql(sql)
            if relation is not None:
                relation.show(max_width=out.width if out.is_terminal else 10_000, max_rows=200)
        except duckdb.Error as error:
            if isinstance(error, duckdb.IOException | duckdb.InternalException | duckdb.FatalException):
                refuse_damaged(settings)
            raise BadInput(str(error)) from None


@app.command()
def attach() -> None:
    """Print the SQL that attaches the published file under the name its views expect."""
    from pipelines.warehouse.reading import attach_statement, reader

    settings = Settings.from_environment()
    with reader(settings):
        typer.echo(attach_statement(settings))


@app.command()
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file in the data set's format.")],
    dataset: Annotated[str, typer.Option(help="The data set it is a release of: domain/name.")],
    document: Annotated[str | None, typer.Option(help="The document it carries, described in data/seeds/documents.csv.")] = None,
    published_on: Annotated[str | None, typer.Option(help="YYYY, YYYY-MM or YYYY-MM-DD, when no document is named.")] = None,
    retrieved_on: Annotated[str | None, typer.Option(help="YYYY-MM-DD; today when no document is named.")] = None,
    note: Annotated[str | None, typer.Option(help="Anything the next reader should know.")] = None,
    replaces: Annotated[str | None, typer.Option(help="File name of the release whose slip this one mends.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is replaced.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it, show what it would change, and file nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, on a terminal too.")] = False,
    as_json: AsJson = False,
) -> None:
    """File a release: check it, show what it changes, give it its sidecar, seal it. The next refresh loads it."""
    from pipelines.datasets import data_sets
    from pipelines.filing import Sidecar, file_release, read_checked, would_be
    from pipelines.previewing import preview
    from pipelines.reference import Reference
    from pipelines.warehouse import lock

    settings = Settings.from_environment()
    known = {each.name: each for each in data_sets(settings.raw, settings.elsewhere)}
    if dataset not in known:
        raise Unknown(f"there is no data set {dataset!r} under {settings.raw}; known: {', '.join(sorted(known))}")
    asks = sys.stdin.isatty() and not yes and not as_json
    if asks and document is None and published_on is None:
        document = (
            typer.prompt("Which document of data/seeds/documents.csv is it (empty: none)", default="", show_default=False) or None
        )
        if document is None:
            published_on = (
                typer.prompt("Published on (YYYY, YYYY-MM, YYYY-MM-DD; empty: not known)", default="", show_default=False) or None
            )
            note = note or typer.prompt("Anything the next reader should know", default="", show_default=False) or None
    when, precision = _dated(published_on, "--published-on")
    said = Sidecar(document, when, precision, _dated(retrieved_on, "--retrieved-on", day=True)[0], note, replaces, reason)
    reference = Reference(settings.seeds)
    release = would_be(known[dataset], file, said, reference)
    statements = read_checked(known[dataset], file, release, reference, known.values())
    changes = preview(settings, known[dataset], release, statements, reference)
    if not as_json:
        _show(changes)
    if dry_run or (asks and not typer.confirm("File it?", default=True)):
        _json({"dataset": dataset, "filed": False, "changes": asdict(changes)}) if as_json else out.print("nothing was filed")
        return
    with lock.writer(settings.lock, "filing a release"):
        release, count = file_release(known[dataset], file, said, reference, known.values())
    if as_json:
        _json(
            {
                "dataset": dataset,
                "filed": True,
                "release": release.name,
                "statements": count,
                "sha256": release.sha256,
                "changes": asdict(changes),
            }
        )
    else:
        out.print(f"filed {dataset}/{release.name}: {count} statements, sealed {release.sha256[:12]}; `marsad refresh` loads it")


def _dated(text: str | None, option: str, *, day: bool = False) -> tuple[date | None, str]:
    from pipelines.datasets import ReleaseInvalid
    from pipelines.inbox import printed_date

    try:
        return printed_date(text, day=day)
    except ReleaseInvalid as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _show(changes: Preview) -> None:
    """What a release would change, in counts and first lines."""
    if changes.compared_with is None:
        out.print(f"{changes.statements} statements; nothing is published to compare them with")
    else:
        out.print(
            f"{changes.statements} statements against {changes.compared_with}: {changes.new} new, {changes.repeated} repeated, "
            f"{changes.revised} revised, {changes.contradicting} against other publishers, {changes.bounds} bounds or roundings",
            soft_wrap=True,
        )
    for title, lines in (("new", changes.first), ("revised", changes.revisions), ("contradicts", changes.contradictions)):
        for line in lines:
            out.print(f"  {title:<12} {escape(line)}", soft_wrap=True)


@app.command("new-dataset")
def new_dataset(
    name: Annotated[str, typer.Argument(help="<domain>/<dataset>, in small letters, digits and underscores.")],
    title_en: Annotated[str | None, typer.Option()] = None,
    title_fr: Annotated[str | None, typer.Option()] = None,
    title_ar: Annotated[str | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option(help="What is in it, and what to beware of.")] = None,
    publisher: Annotated[str | None, typer.Option(help="A row of data/seeds/publishers.csv.")] = None,
    address: Annotated[str | None, typer.Option(help="Where the publisher shows it.")] = None,
    licence: Annotated[str | None, typer.Option(help="As the publisher states it.")] = None,
    contact: Annotated[str | None, typer.Option(help="Who to ask.")] = None,
    kind: Annotated[str, typer.Option(help="observation, target or event.")] = "observation",
    reader: Annotated[str, typer.Option(help="figures, table or another module of pipelines/sources.")] = "figures",
    expected_every: Annotated[str | None, typer.Option(help="The publisher's rhythm (P1M, P3M, P1Y); none by default.")] = None,
    max_age_days: Annotated[
        int | None, typer.Option(help="Later than this it counts as late; goes with --expected-every.")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option("--from", exists=True, dir_okay=False, help="A file of the publisher: its columns are asked for."),
    ] = None,
    options: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="YAML with the reader's options, instead of questions.")
    ] = None,
) -> None:
    """Describe a new data set: writes the folder with its dataset.yml, checked. What no flag says is asked on a terminal."""
    import yaml

    from pipelines.describing import asked_options, describe
    from pipelines.reference import Reference

    settings = Settings.from_environment()
    reference = Reference(settings.seeds)
    asks = sys.stdin.isatty()

    def ask(question: str, proposed: str | None) -> str:
        return str(typer.prompt(question, default=proposed))

    texts = {
        "title-en": title_en, "title-fr": title_fr, "title-ar": title_ar, "description": description, "publisher": publisher,
        "licence": licence, "contact": contact,
    }  # fmt: skip
    for flag, text in texts.items():
        if text is None and not asks:
            raise typer.BadParameter(
                f"say it: there is no terminal to ask for it; needed are --{', --'.join(texts)}", param_hint=f"--{flag}"
            )
        texts[flag] = ask(flag, None) if text is None else text
    said: dict[str, Any] = {
        "title": {language: texts[f"title-{language}"] for language in ("en", "fr", "ar")},
        "description": texts["description"],
        "publisher": texts["publisher"],
        "address": address,
        "licence": texts["licence"],
        "reader": "table" if like is not None else reader,
        "kind": kind,
        "expected_every": expected_every,
        "max_age_days": max_age_days,
        "contact": texts["contact"],
    }
    if options is not None:
        try:
            said["options"] = yaml.safe_load(options.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise BadInput(f"{options}: is no YAML in UTF-8: {error}") from error
        if not isinstance(said["options"], dict):
            raise BadInput(f"{options}: has no options of a reader (`key: value`), but {said['options']!r}")
    elif like is not None:
        if not asks:
            raise typer.BadParameter(
                "its columns are asked for on a terminal; without one say --options FILE", param_hint="--from"
            )
        said["options"] = asked_options(like, kind, {"publisher": str(texts["publisher"])}, reference, ask)
    made = describe(settings, name, said, reference)
    out.print(
        f"described {made.name} in {made.folder}; file its first release with `marsad add FILE --dataset {made.name}`",
        soft_wrap=True,
    )


@app.command()
def publications(as_json: AsJson = False) -> None:
    """The publications kept, newest last, and which one readers get."""
    from pipelines.warehouse import publication

    settings = Settings.from_environment()
    kept = publication.publications(settings)
    now = publication.current(settings)
    if not kept or now is None:
        raise publication.NothingPublished("nothing has been published yet: run `marsad refresh`")
    if as_json:
        _json([{"publication": each.name, "current": each.name == now.name, **each.manifest} for each in kept])
        return
    table = Table("", "publication", "published", "statements", "draft from", box=None, pad_edge=False)
    for each in kept:
        rows = each.manifest["rows"]
        count = sum(rows.get(f"raw.{name}", 0) for name in ("observations", "targets", "events"))
        mark = "*" if each.name == now.name else ""
        table.add_row(
            mark, each.name, each.manifest["published_at"], f"{count:,}", each.manifest.get("draft", {}).get("origin", "")
        )
    out.print(table)


@app.command()
def diff(
    before: Annotated[str | None, typer.Argument(metavar="[PUBLICATION]", help="The current one by default.")] = None,
    after: Annotated[str | None, typer.Argument(metavar="[PUBLICATION]", help="Compare the first one with this one.")] = None,
    as_json: AsJson = False,
) -> None:
    """What a publication changed against the one before, or what changed between two."""
    from pipelines.warehouse.changes import LISTS, between, summary

    published, changed = between(Settings.from_environment(), before, after)
    if as_json:
        _json({"publication": published.name, **changed})
        return
    out.print(f"[bold]{published.name}[/bold]")
    for what, said in summary(changed):
        out.print(f"{what:<16} {escape(said)}", soft_wrap=True)
    for kind in LISTS:
        for what, found in changed.get(kind, {}).items():
            shown = len(found["listed"])
            cut = f", the first {shown}" if shown < found["count"] else ""
            out.print(f"\n[bold]{kind} {what}[/bold] ({found['count']:,}{cut})")
            for each in found["listed"]:
                out.print("  " + escape("  ".join(f"{name}={value}" for name, value in each.items())), soft_wrap=True)


@app.command()
def rollback(
    publication: Annotated[str | None, typer.Argument(help="Name of a kept publication; the one before by default.")] = None,
) -> None:
    """Give readers an earlier publication again."""
    from pipelines.warehouse import lock
    from pipelines.warehouse.publication import mend
    from pipelines.warehouse.publication import rollback as go_back

    settings = Settings.from_environment()
    with lock.writer(settings.lock, "rolling back"):
        if (found := mend(settings)) is not None and publication is None:
            # That was the way back; one more step would leave a good publication.
            raise Damaged(str(found))
        left, taken = go_back(settings, publication)
    out.print(f"readers get {taken.name} again; {left.name} is kept, and its inputs are not published again by themselves")


@app.command()
def health(
    notify: Annotated[
        bool, typer.Option("--notify", help="Also report what is stale or late, once a day at most, to MARSAD_NOTIFY.")
    ] = False,
) -> None:
    """Say whether the publication is as fresh as promised; exit code 8 when it is not. For health checks and timers."""
    from pipelines import alerts
    from pipelines.night import seen_fresh
    from pipelines.quiet import instance_of
    from pipelines.warehouse import publication

    settings = Settings.from_environment()
    with instance_of(settings) as instance:
        fresh = seen_fresh(instance)
    if notify:
        for report in alerts.look(settings, fresh):
            out.print(escape(report.title), *(f"  {escape(line)}" for line in report.delivery), sep="\n", soft_wrap=True)
    now = publication.current(settings)
    trouble = alerts.staleness(settings, fresh, datetime.now(UTC))
    if trouble is not None:
        raise alerts.Stale(trouble)
    if now is None:
        raise publication.NothingPublished("nothing has been published yet: run `marsad refresh`")
    out.print(f"{now.name} is fresh")


@app.command("notify")
def notify_test() -> None:
    """Send a test message to the receivers of MARSAD_NOTIFY, and say which took it."""
    from pipelines.alerts import try_receivers

    for line in try_receivers():
        out.print(escape(line), soft_wrap=True)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address of the web page. It has no login: leave it on loopback.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the web page.")] = 3000,
) -> None:
    """Run Dagster's webserver and daemon, with the nightly schedule and its reports on, until told to end."""
    from pipelines.serving import serve as run

    run(Settings.from_environment(), host, port)


@app.command()
def docs() -> None:
    """Write the documentation of every table and column into one file that a browser opens without a network."""
    from pipelines.schema_docs import build

    typer.echo(build(Settings.from_environment()))


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the web page, on this machine only.")] = 3000,
) -> None:
    """Open Dagster's page (assets, runs, checks, the nightly schedule) on loopback, with this warehouse's history."""
    import sysconfig

    from pipelines.quiet import prepare_dagster_home

    prepare_dagster_home(Settings.from_environment())
    program = Path(sysconfig.get_path("scripts")) / "dagster"
    os.execv(program, ["dagster", "dev", "--module-name", "pipelines.definitions", "--host", "127.0.0.1", "--port", str(port)])


if __name__ == "__main__":
    main()
