"""A small back-test of five days, told in every form."""

import csv
import io
import json
import re
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from backtest.period_tariff import FeedIn, Tariff
from backtest.report_json import (
    ReportUnreadableError,
    differences,
    from_json,
    running_versions,
    to_json,
)
from backtest.report_lines import to_csv, to_lines
from backtest.report_page import to_html
from backtest.report_reader import reader_of
from domain.proof import Backtest, DayBook, PeriodNote, Policy, PolicyResult, ReplayedPeriod
from domain.proof import PeriodNoteCode as NoteCode
from domain.steering import Fact
from proof.accounting import excluded_frac, sum_up

TOKENS = Path(__file__).parents[2] / "evcc-smartload/page/src/styles/tokens.css"
STYLE = (
    Path(__file__).parents[2] / "evcc-smartload/rootfs/app/backtest/templates/report.css"
).read_text("utf-8")
FIRST = date(2024, 1, 29)
COSTS: dict[Policy, tuple[float, ...]] = {
    Policy.EVCC: (2.0, 3.0, 2.5, 9.0, 2.5),
    Policy.SMARTLOAD: (1.5, 2.5, 2.25, 1.0, 1.75),
    Policy.FORESIGHT: (1.0, 2.5, 2.0, 1.0, 1.5),
}


def book(index: int, cost_eur: float, *, is_counted: bool = True) -> DayBook:
    return DayBook(
        day=FIRST + timedelta(days=index),
        is_counted=is_counted,
        cash_eur=cost_eur + 0.25,
        stored_kwh=1.25,
        cost_eur=cost_eur,
        bought_kwh=6.0,
        sold_kwh=1.0,
        pv_kwh=4.0,
        house_kwh=8.0,
        cars_kwh=2.0,
        battery_kwh=3.0,
        peak_kw=4.6,
        departures=1,
        ready=1,
        writes=2,
        decisions=1,
        switches=1,
    )


def backtest(
    costs: dict[Policy, tuple[float, ...]] = COSTS, *, excluded: tuple[int, ...] = (3,)
) -> Backtest:
    results = tuple(
        PolicyResult(
            policy=policy,
            days=tuple(
                book(index, cost_eur, is_counted=index not in excluded)
                for index, cost_eur in enumerate(of_days)
            ),
            replans=480,
            took_s=1.5,
        )
        for policy, of_days in costs.items()
    )
    n_days = max(len(of_days) for of_days in costs.values())
    start = datetime(2024, 1, 28, 23, tzinfo=UTC)
    return Backtest(
        period=ReplayedPeriod(
            home="house <1>",
            prices="day-ahead",
            start=start,
            end=start + timedelta(days=n_days),
            n_days=n_days,
            excluded_frac=excluded_frac(results),
            seed=1,
            version="0.1.0",
            replacement_eur_per_kwh=0.2,
            notes=(PeriodNote(code=NoteCode.PAST, facts={"days": 28, "measured_days": 27.25}),),
            settings={"interval_s": 300.0, "battery": {"capacity_kwh": 10.0}},
            inputs={"house.csv": "0" * 64},
            versions={"smartload": "0.1.0", "numpy": "2.0"},
        ),
        results=results,
        sums=sum_up(results, seed=1),
    )


def told(code: NoteCode, language: str, **facts: Fact) -> str:
    noted = backtest()
    note = PeriodNote(code=code, facts=facts)
    period = replace(noted.period, notes=(note,))
    (text,) = reader_of(replace(noted, period=period), language).notes
    return text


def with_costs(policy: Policy, *costs_eur: float) -> Backtest:
    return backtest(COSTS | {policy: costs_eur})


class _Tags(HTMLParser):
    """Checks that tags close, and keeps attributes and what the page says."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data


def parsed(html: str) -> _Tags:
    tags = _Tags()
    tags.feed(html)
    tags.close()
    return tags


def lead_of(html: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", html)
    assert found
    return found[1]


# -- JSON ------------------------------------------------------------------------------------------


def test_a_report_says_all_that_is_needed_to_make_it_again() -> None:
    period = json.loads(to_json(backtest()))["period"]

    assert period["seed"] == 1
    assert period["settings"] == {"battery": {"capacity_kwh": 10.0}, "interval_s": 300.0}
    assert period["inputs"] == {"house.csv": "0" * 64}
    assert period["versions"] == {"numpy": "2.0", "smartload": "0.1.0"}


def test_a_back_test_that_just_ran_names_the_versions_that_run() -> None:
    ran = backtest()

    told = json.loads(to_json(replace(ran, period=replace(ran.period, versions={}))))

    assert told["period"]["versions"] == running_versions()
    assert set(running_versions()) == {"smartload", "python", "numpy", "highspy"}


def test_the_sums_of_a_small_back_test() -> None:
    (_, ours, _) = json.loads(to_json(backtest()))["sums"]

    assert ours == {
        "policy": "smartload",
        "n_days": 4,
        "cost_eur": 8.0,
        "cash_eur": 9.0,
        "saving_eur": {"low": 1.255395, "middle": 2.0, "high": 2.744605},
        "captured_frac": 0.666667,
        "of_battery_frac": None,
        "bought_kwh": 24.0,
        "sold_kwh": 4.0,
        "battery_kwh": 12.0,
        "self_sufficiency_frac": 0.4,
        "self_consumption_frac": 0.75,
        "peak_kw": 4.6,
        "departures": 4,
        "ready": 4,
        "away_kwh": 0.0,
        "writes_per_day": 2.0,
        "decisions_per_day": 1.0,
        "switches_per_day": 1.0,
        "replans": 480,
        "took_s": 1.5,
        "worst_month_saving_eur": 0.75,
    }


def test_a_report_is_the_same_text_each_time() -> None:
    straight = backtest()
    other_way_round = replace(
        straight,
        period=replace(
            straight.period,
            settings=dict(reversed(list(straight.period.settings.items()))),
            versions=dict(reversed(list(straight.period.versions.items()))),
        ),
    )

    assert to_json(other_way_round) == to_json(straight)


def test_a_note_has_a_code_its_figures_and_a_sentence() -> None:
    assert json.loads(to_json(backtest()))["period"]["notes"] == [
        {
            "code": "past",
            "facts": {"days": 28, "measured_days": 27.25},
            "text": "The 28 days before are known as past only; as much as 27.25 days of that were "
            "measured.",
        }
    ]


def test_money_is_told_to_a_millionth() -> None:
    text = to_json(with_costs(Policy.SMARTLOAD, 1 / 3, 2.0, 2.0, 2.0, 2.0))

    assert '"cost_eur": 0.333333,' in text
    assert "0.3333333" not in text


def test_a_report_that_is_read_and_written_is_the_same() -> None:
    text = to_json(backtest())

    assert to_json(from_json(text)) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "no JSON"),
        ("[]", "not a report"),
        ('{"report": "smartload-backtest", "form": 1}', "form 1"),
        ('{"report": "smartload-backtest", "form": 2}', "period is wrong"),
    ],
)
def test_what_is_no_report_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(ReportUnreadableError, match=complaint):
        from_json(text)


# -- comparing -------------------------------------------------------------------------------------


def test_the_same_run_differs_in_nothing() -> None:
    assert differences(from_json(to_json(backtest())), backtest()) == ()


def test_another_machine_with_the_same_cents_differs_in_nothing() -> None:
    old = backtest()
    slower = replace(
        old,
        period=replace(old.period, versions={"numpy": "2.1"}, settings={"interval_s": 60.0}),
        results=tuple(replace(result, took_s=99.0) for result in old.results),
    )

    assert differences(old, slower) == ()


def test_another_cost_is_named_with_its_day() -> None:
    new = with_costs(Policy.SMARTLOAD, 1.5, 2.4, 2.25, 1.0, 1.75)

    found = differences(backtest(), new)

    assert "smartload: cost 8.0000 EUR, now 7.9000 EUR" in found
    assert (
        "smartload: 1 days differ, the first is 2024-01-30: cost 2.5000 EUR, now 2.4000 EUR"
        in found
    )


def test_what_was_different_is_named_beside_other_cents() -> None:
    new = with_costs(Policy.SMARTLOAD, 1.5, 2.4, 2.25, 1.0, 1.75)
    new = replace(
        new, period=replace(new.period, seed=2, inputs={"house.csv": "1" * 64}, versions={})
    )

    found = differences(backtest(), new)

    assert "seed: 1, now 2" in found
    assert f'input house.csv: "{"0" * 64}", now "{"1" * 64}"' in found
    assert any(text.startswith("version of numpy:") for text in found)


def test_a_policy_that_is_missing_is_named() -> None:
    fewer = backtest({policy: COSTS[policy] for policy in (Policy.EVCC, Policy.SMARTLOAD)})

    assert "foresight: only in the old report" in differences(backtest(), fewer)


# -- lines -----------------------------------------------------------------------------------------


def test_each_policy_has_one_line() -> None:
    lines = to_lines(backtest())

    assert [json.loads(line)["policy"] for line in lines] == ["evcc", "smartload", "foresight"]
    assert all("\n" not in line for line in lines)
    assert list(json.loads(lines[0])) == [
        "policy",
        "cost_eur",
        "saving_eur",
        "saving_low_eur",
        "saving_high_eur",
        "captured_frac",
        "of_battery_frac",
        "self_sufficiency_frac",
        "bought_kwh",
        "sold_kwh",
        "battery_throughput_kwh",
        "cars_ready",
        "departures",
        "peak_import_kw",
        "decisions_per_day",
        "writes_per_day",
        "switches_per_day",
        "replans",
        "days",
        "excluded_frac",
        "worst_month_saving_eur",
        "seconds",
        "home",
        "prices",
    ]


def test_evccs_own_line_saves_exactly_nothing() -> None:
    line = json.loads(to_lines(backtest())[0])

    saving = (line["saving_eur"], line["saving_low_eur"], line["saving_high_eur"])
    assert saving == (0.0, 0.0, 0.0)


def test_a_table_has_a_row_per_day_and_policy() -> None:
    text = to_csv(backtest())

    head, first, *_ = text.splitlines()
    assert head == (
        "home,prices,policy,day,is_counted,cash_eur,stored_kwh,cost_eur,bought_kwh,sold_kwh,"
        "pv_kwh,house_kwh,cars_kwh,battery_kwh,away_kwh,peak_kw,departures,ready,writes,"
        "decisions,switches,below_buffer_h"
    )
    assert first == (
        "house <1>,day-ahead,evcc,2024-01-29,1,2.25,1.25,2.0,6.0,1.0,4.0,8.0,2.0,3.0,0.0,4.6,"
        "1,1,2,1,1,0.0"
    )
    assert len(text.splitlines()) == 1 + 3 * 5


def test_the_table_adds_up_to_the_sums() -> None:
    told = backtest()
    rows = list(csv.DictReader(io.StringIO(to_csv(told))))

    for sums in told.sums:
        counted = [
            float(row["cost_eur"])
            for row in rows
            if row["policy"] == sums.policy and row["is_counted"] == "1"
        ]
        assert sum(counted) == pytest.approx(sums.cost_eur, abs=1e-9)


# -- the page --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_page_is_well_formed(language: str) -> None:
    tags = parsed(to_html(backtest(), language=language))

    assert tags.open == []
    assert tags.seen.count("svg") == 4
    assert ("lang", language) in tags.attributes


@pytest.mark.parametrize("language", ["de", "en"])
def test_nothing_is_asked_of_anybody_else(language: str) -> None:
    html = to_html(backtest(), language=language)
    tags = parsed(html)

    assert not {"script", "link", "img", "iframe", "a", "use"} & set(tags.seen)
    assert not {"src", "href", "xlink:href"} & {name for name, _ in tags.attributes}
    assert set(re.findall(r"\w+://[^\"'<\s]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "@import" not in html
    assert "url(" not in html


def test_the_same_back_test_gives_the_same_page() -> None:
    assert to_html(backtest()) == to_html(backtest())


def test_notes_are_told_in_the_language_of_the_page() -> None:
    german, english = (to_html(backtest(), language=language) for language in ("de", "en"))

    assert "<li>Davor sind 28 Tage nur als Vergangenheit bekannt;" in german
    assert "<li>The 28 days before are known as past only;" in english
    assert "known as past" not in german


@pytest.mark.parametrize(
    ("code", "facts", "german", "english"),
    [
        (
            NoteCode.LOAD,
            {"home": "house", "column": "load_base_kw"},
            (
                "Der Verbrauch von house ist der des Hauses ohne steuerbare Verbraucher und Autos "
                "(load_base_kw)."
            ),
            (
                "The load of house is that of the house without controllable loads and cars "
                "(load_base_kw)."
            ),
        ),
        (
            NoteCode.LOAD,
            {"home": "house", "column": "h01_load_kw"},
            "Der Verbrauch von house ist der des ganzen Hauses (h01_load_kw).",
            "The load of house is that of the whole house (h01_load_kw).",
        ),
        (
            NoteCode.MOVED_WEEKS,
            {"weeks": -1, "first": "2024-05-01", "last": "2024-05-09"},
            "1.5.2024 bis 9.5.2024: Verbrauch und Sonne sind 1 Woche später gemessen.",
            "1 May 2024 to 9 May 2024: load and sun were measured 1 week later.",
        ),
        (
            NoteCode.DAYS_TWICE,
            {"days": 1},
            "1 seiner Tage kommt zweimal vor, in zwei Jahren.",
            "1 of its days is used twice, in two years.",
        ),
        (
            NoteCode.TARIFF,
            {
                "surcharge_eur_per_kwh": 0.162,
                "vat_frac": 0.077,
                "feed_in": "fixed",
                "feed_in_eur_per_kwh": 0.08,
            },
            (
                "Bezug kostet den Börsenpreis plus 16,20 ct/kWh; auf beides kommen 7,7 % "
                "Mehrwertsteuer. Einspeisung bringt 8,00 ct/kWh."
            ),
            (
                "Buying costs the market's price plus 16.20 ct/kWh, with 7.7 % VAT on both. "
                "Feeding in brings 8.00 ct/kWh."
            ),
        ),
        (
            NoteCode.MEASURED,
            {"measured_frac": 0.993, "bridged": 0},
            "99,3 % der Viertelstunden sind gemessen.",
            "99.3 % of the quarter hours were measured.",
        ),
        (
            NoteCode.FILLED,
            {"slots": 9, "gaps": 1, "longest_h": 2.25},
            (
                "9 Viertelstunden in 1 Lücke, die längste 2,25 h, sind mit derselben Uhrzeit des "
                "nächstgelegenen gemessenen Tages gefüllt und zählen als nicht gemessen."
            ),
            (
                "9 quarter hours in 1 gap, the longest 2.25 h, are filled with the same time of "
                "the nearest measured day and count as not measured."
            ),
        ),
    ],
)
def test_a_note_reads_as_a_sentence(
    code: NoteCode, facts: dict[str, Fact], german: str, english: str
) -> None:
    assert told(code, "de", **facts) == german
    assert told(code, "en", **facts) == english


def test_feeding_in_at_the_market_brings_the_markets_price() -> None:
    tariff = Tariff(feed_in=FeedIn.MARKET).told()

    assert told(tariff.code, "de", **tariff.facts).endswith("Einspeisung bringt den Börsenpreis.")


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_note_has_words(language: str) -> None:
    words = reader_of(backtest(), language).words

    assert set(words.noted) == set(NoteCode)


def test_a_name_cannot_become_part_of_the_page() -> None:
    html = to_html(backtest())

    assert "house <1>" not in html
    assert "house &lt;1&gt;" in html


def test_the_library_for_charts_leaves_imports_alone() -> None:
    to_html(backtest())

    assert not [finder for finder in sys.meta_path if not hasattr(finder, "find_spec")]


def test_the_page_begins_with_what_it_came_to() -> None:
    assert lead_of(to_html(backtest())) == (
        "4 Tage: SmartLoad hätte 8,00 € gekostet, evcc allein 10,00 €. "
        "Gespart hätte es 2,00 € (8 von 10 Mal 1,26 € bis 2,74 €)."
    )
    assert lead_of(to_html(backtest(), language="en")) == (
        "4 days: SmartLoad would have cost €8.00, evcc alone €10.00. "
        "It would have saved €2.00 (8 times out of 10: €1.26 to €2.74)."
    )


def test_a_loss_is_told_as_one() -> None:
    html = to_html(with_costs(Policy.SMARTLOAD, 3.0, 4.5, 3.5, 1.0, 4.0), language="en")

    assert lead_of(html).startswith("4 days: SmartLoad would have cost €15.00, evcc alone €10.00. ")
    assert "It would have been €5.00 more expensive (" in lead_of(html)
    assert "In no month" not in html


def test_what_came_in_is_told_as_earned() -> None:
    html = to_html(
        backtest({Policy.EVCC: (1.0,) * 5, Policy.SMARTLOAD: (-2.0,) * 5}), language="en"
    )

    assert lead_of(html).startswith(
        "4 days: SmartLoad would have earned €8.00, evcc alone cost €4.00. "
    )


def test_a_month_that_cost_more_is_told() -> None:
    html = to_html(with_costs(Policy.SMARTLOAD, 2.5, 3.5, 2.25, 1.0, 0.5), language="en")

    assert "In the worst month it would have cost €0.75 more." in html


def test_a_saving_that_may_be_chance_is_told_as_such() -> None:
    html = to_html(with_costs(Policy.SMARTLOAD, 4.0, 0.5, 4.5, 1.0, 0.75))

    assert "Zufall ist nicht ausgeschlossen" in html


def test_the_same_cost_is_told_as_the_same() -> None:
    html = to_html(with_costs(Policy.SMARTLOAD, *COSTS[Policy.EVCC]), language="en")

    assert lead_of(html).endswith("evcc alone €10.00. That is the same.")


def test_few_days_are_told_without_a_range() -> None:
    html = to_html(backtest(excluded=(1, 3)), language="en")

    assert lead_of(html).endswith("It would have saved €1.50.")
    assert "too few days for a range" in html


def test_without_a_counted_day_nothing_is_drawn() -> None:
    html = to_html(backtest(excluded=(0, 1, 2, 3, 4)), language="en")

    assert lead_of(html).startswith("No day of this period")
    assert "<svg" not in html


def test_evcc_alone_is_told_alone() -> None:
    html = to_html(backtest({Policy.EVCC: COSTS[Policy.EVCC]}), language="en")

    assert lead_of(html) == "4 days: evcc alone would have cost €10.00."
    assert parsed(html).open == []


def test_colours_are_those_of_the_page() -> None:
    tokens = TOKENS.read_text("utf-8")
    light, dark = (
        dict(re.findall(r"(--[\w-]+): ([^;]+);", part))
        for part in tokens.split("@media", maxsplit=1)
    )
    own_light, own_dark = (
        dict(re.findall(r"(--[\w-]+): ([^;]+);", part))
        for part in STYLE.split("@media (prefers", maxsplit=1)
    )

    assert own_light.items() <= light.items()
    assert own_dark.items() <= dark.items()
    assert own_dark.keys() == own_light.keys()


def test_every_colour_that_is_used_is_known() -> None:
    html = to_html(backtest(COSTS | dict.fromkeys(Policy, COSTS[Policy.EVCC])))

    used = set(re.findall(r"var\((--[\w-]+)\)", html))

    assert used <= set(re.findall(r"(--[\w-]+):", STYLE))
