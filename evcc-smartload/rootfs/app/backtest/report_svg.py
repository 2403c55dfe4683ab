"""Charts of a back-test as SVG that stands in the page itself: no script, no address, no date."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

from domain.proof import Band

_WIDTH_PX = 760
_BAR_PX = 34
_MOST_DATES = 6
_MOST_UPRIGHT = 13
_MOST_STEPS = 9
_NEVER_CUT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar with the text that stands beside it; ``colour`` is a token of the page's style."""

    label: str
    value: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line over days; ``dash`` is the lengths of strokes and gaps [px], empty: drawn through."""

    label: str
    days: Sequence[date]
    values: Sequence[float]
    colour: str
    dash: str = ""


def bars(
    name: str, drawn: Sequence[Bar], number: Callable[[float], str], *, most: float | None = None
) -> str:
    """Return horizontal bars from 0 on, the first on top; the axis reaches at least to ``most``."""
    from_below = tuple(reversed(drawn))
    chart = _chart(
        "HorizontalBar",
        name,
        colours=[bar.colour for bar in from_below],
        height=60 + _BAR_PX * len(drawn),
        show_legend=False,
        value_formatter=number,
        **_reach([bar.value for bar in drawn], most),
    )
    chart.x_labels = [bar.label for bar in from_below]
    chart.add(
        "",
        [
            {"value": bar.value, "style": f"fill:var({bar.colour});stroke:none"}
            for bar in from_below
        ],
    )
    return _svg(chart)


def month_bars(
    name: str,
    months: Sequence[tuple[str, Band]],
    colour: str,
    number: Callable[[float], str],
) -> str:
    """Return a bar per month with its band as a line, where it has one."""
    reach = [0.0]
    values: list[dict[str, object]] = []
    for _, band in months:
        value: dict[str, object] = {
            "value": band.middle,
            "style": f"fill:var({colour});stroke:none",
        }
        if band.low is not None and band.high is not None:
            value["ci"] = {"low": band.low, "high": band.high}
            reach += [band.low, band.high]
        values.append(value)
        reach.append(band.middle)
    chart = _chart(
        "Bar",
        name,
        colours=[colour],
        show_legend=False,
        range=(min(reach), max(reach)),
        x_label_rotation=0 if len(months) <= _MOST_UPRIGHT else 60,
        value_formatter=number,
    )
    chart.x_labels = [label for label, _ in months]
    chart.add("", values)
    return _svg(chart)


def day_lines(
    name: str,
    lines: Sequence[Line],
    number: Callable[[float], str],
    day_text: Callable[[date], str],
) -> str:
    """Return lines over days with a legend below."""
    chart = _chart(
        "DateLine",
        name,
        colours=[line.colour for line in lines],
        show_dots=False,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        value_formatter=number,
        x_value_formatter=day_text,
        x_label_rotation=0,
    )
    days = sorted({day for line in lines for day in line.days})
    chart.x_labels = days[:: max(1, -(-len(days) // _MOST_DATES))]
    for line in lines:
        chart.add(
            line.label,
            list(zip(line.days, line.values, strict=True)),
            stroke_style={"dasharray": line.dash} if line.dash else None,
        )
    return _svg(chart)


def _chart(kind: str, name: str, *, colours: Sequence[str], **choices: Any) -> Any:
    pygal = _pygal()
    style = pygal.style.Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--ink-2)",
        foreground_strong="var(--ink-1)",
        foreground_subtle="var(--line)",
        guide_stroke_color="var(--line)",
        major_guide_stroke_color="var(--line-strong)",
        guide_stroke_dasharray="none",
        major_guide_stroke_dasharray="none",
        colors=tuple(f"var({colour})" for colour in colours),
        ci_colors=tuple("var(--ink-1)" for _ in colours),
        opacity="1",
        stroke_width="2.2",
        font_family="inherit",
        label_font_size=14,
        major_label_font_size=14,
        legend_font_size=14,
    )
    chart = getattr(pygal, kind)(
        style=style,
        js=(),
        width=_WIDTH_PX,
        **{
            "height": 320,
            "max_scale": _MOST_STEPS,
            "truncate_label": _NEVER_CUT,
            "truncate_legend": _NEVER_CUT,
            **choices,
        },
    )
    chart.uuid = name  # else it is drawn by lot, and no two pages are alike
    return chart


def _reach(values: Sequence[float], most: float | None) -> dict[str, tuple[float, float]]:
    return {} if most is None else {"range": (min(0.0, *values), max(most, *values))}


@cache
def _pygal() -> Any:
    """Return the library, without what it leaves in Python's import system.

    Its finder for plug-ins has no ``find_spec``, which every later import on Python 3.11 warns of.
    """
    import pygal  # type: ignore[import-untyped]  # noqa: PLC0415  # has no types; 65 ms and 8 MB

    sys.meta_path[:] = [
        finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__
    ]
    return pygal


def _svg(chart: Any) -> str:
    """Return the drawing as it may stand in a page: without scripts and comments."""
    root: ET.Element = chart.render_tree()
    for parent in root.iter():
        for child in list(parent):
            if child.tag in {ET.Comment, "script"}:
                parent.remove(child)
    root.set("aria-hidden", "true")  # the same figures stand in the tables
    return ET.tostring(root, encoding="unicode")
