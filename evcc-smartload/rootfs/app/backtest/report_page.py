"""A back-test as one page that opens without a server: sentence, charts, tables, how to repeat."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from backtest.report_charts import charts_of
from backtest.report_reader import reader_of
from backtest.report_sentence import sentences
from backtest.report_tables import again, facts, figure_rows, heads, month_heads, month_rows
from domain.proof import Backtest

_TEMPLATES = Path(__file__).with_name("templates")


def to_html(backtest: Backtest, *, language: str = "de") -> str:
    """Return the page: one file, from which no request goes out.

    Args:
        backtest: With evcc's own rules among its policies.
        language: ``de``; anything else is told in English.
    """
    reader = reader_of(backtest, language)
    lead, *further = sentences(backtest.sums, reader.words, reader.figures)
    worth_ct = backtest.period.replacement_eur_per_kwh * 100.0
    return _template().render(
        words=reader.words,
        period=backtest.period,
        lead=lead,
        further=further,
        facts=facts(reader),
        charts=charts_of(reader),
        notes=reader.notes,
        heads=heads(reader),
        rows=figure_rows(reader),
        month_heads=month_heads(reader),
        month_rows=month_rows(reader),
        replacement=f"{reader.figures.number(worth_ct, 1)} ct/kWh",
        again=again(reader),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")
