import gzip
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from errors import MeasuredDataError
from sources.measured_folder import (
    Folder,
    choose_homes,
    choose_prices,
    find_homes,
    open_folder,
    tables_with,
)
from sources.measured_sessions import choose_user, find_users
from tests.support.measured_files import (
    HOUR,
    Column,
    sun_at,
    write_csv,
    write_series,
    write_sessions,
)

START = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BROKEN = b"\x1f\x8b\x08\x00nothing that could be unpacked"


def constant(value: float) -> Column:
    return lambda _at: value


def home_file(folder: Path, name: str, step: timedelta = HOUR) -> Path:
    return write_series(
        folder / name, START, START + DAY, step, load_kw=constant(0.5), pv_kw=sun_at(11.0)
    )


def loads(folder: Path, asked: str | None) -> list[str]:
    return [home.name for home in choose_homes(open_folder(folder), asked)]


def opened(folder: Path, *lines: str, header: str = "start_utc,load_kw") -> Folder:
    write_csv(folder / "home.csv", header, lines)
    return open_folder(folder)


def test_a_gzipped_home_is_read_with_its_columns_step_and_digest(tmp_path: Path) -> None:
    file = write_series(
        tmp_path / "homes" / "home_a_2024.csv.gz",
        START,
        START + DAY,
        timedelta(minutes=30),
        load_base_kw=constant(0.5),
        pv_kw=sun_at(11.0),
        pv_forecast_kw=constant(1.0),
    )

    (home,) = find_homes(open_folder(tmp_path))

    assert (home.name, home.file) == ("home_a_2024", "homes/home_a_2024.csv.gz")
    assert home.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (home.step, home.load_column) == (timedelta(minutes=30), "load_base_kw")
    assert home.zone == ZoneInfo("Europe/Berlin")
    assert home.load is not None
    assert home.pv_forecast is not None
    assert len(home.load.values) == 96


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_every_step_is_brought_onto_quarter_hours(tmp_path: Path, minutes: int) -> None:
    step = timedelta(minutes=minutes)
    write_series(tmp_path / "home.csv", START, START + 4 * step, step, load_kw=lambda at: at.minute)

    (home,) = find_homes(open_folder(tmp_path))

    assert home.load is not None
    per_step = minutes // 15
    expected = np.repeat([(minutes * row) % 60 for row in range(4)], per_step)
    np.testing.assert_array_equal(home.load.values, expected)


def test_an_empty_cell_and_a_missing_row_were_not_measured(tmp_path: Path) -> None:
    folder = opened(
        tmp_path,
        "2024-03-01T00:00:00Z,1",
        "2024-03-01T01:00:00Z,",
        "2024-03-01T02:00:00Z,3",
        "2024-03-01T04:00:00Z,5",
    )

    (home,) = find_homes(folder)

    assert home.load is not None
    hours = home.load.values[::4]
    np.testing.assert_array_equal(hours, [1.0, np.nan, 3.0, np.nan, 5.0])


def test_several_homes_of_a_file_share_the_zone_of_all_their_roofs(tmp_path: Path) -> None:
    write_series(
        tmp_path / "homes.csv",
        START,
        START + DAY,
        h01_load_kw=constant(1.0),
        h01_pv_kw=sun_at(19.5),
        h02_load_kw=constant(2.0),
        h02_pv_kw=sun_at(20.5),
    )

    homes = find_homes(open_folder(tmp_path))

    assert [home.name for home in homes] == ["homes_h01", "homes_h02"]
    assert {home.zone.key for home in homes} == {"America/Los_Angeles"}
    assert len({home.noon_utc_h for home in homes}) == 1


def test_a_file_without_start_utc_is_passed_over(tmp_path: Path) -> None:
    write_csv(tmp_path / "manifest.csv", "file,load_kw", ["home,3"])
    home_file(tmp_path, "home_a.csv")

    assert [home.name for home in find_homes(open_folder(tmp_path))] == ["home_a"]


def test_tables_are_found_by_their_columns(tmp_path: Path) -> None:
    home_file(tmp_path, "home_a.csv")
    write_series(tmp_path / "fleet.csv", START, START + DAY, measured_pu=constant(-0.2))

    (table,) = tables_with(open_folder(tmp_path), ["measured_pu"])

    assert table.rows.file.stem == "fleet"


@pytest.mark.parametrize(
    "asked", ["home_fr1_2024_30min", "home_fr1", "home_f", " home_fr1 ", "home_fr1,home_fr1_2024"]
)
def test_a_home_is_chosen_by_any_beginning_that_only_it_has(tmp_path: Path, asked: str) -> None:
    home_file(tmp_path, "home_fr1_2024_30min.csv")
    home_file(tmp_path, "home_de1_2024_30min.csv")

    assert loads(tmp_path, asked) == ["home_fr1_2024_30min"]


def test_a_whole_name_is_chosen_although_another_begins_with_it(tmp_path: Path) -> None:
    home_file(tmp_path, "home.csv")
    home_file(tmp_path, "home_2.csv")

    assert loads(tmp_path, "home") == ["home"]


@pytest.mark.parametrize("asked", ["h02", "homes_ca_2016_h02", "homes_ca_h02"])
def test_one_home_of_a_file_is_chosen_by_its_short_name(tmp_path: Path, asked: str) -> None:
    write_series(
        tmp_path / "homes_ca_2016.csv",
        START,
        START + DAY,
        h01_load_kw=constant(1.0),
        h02_load_kw=constant(2.0),
    )

    assert loads(tmp_path, asked) == ["homes_ca_2016_h02"]


def test_several_are_chosen_by_commas_and_all_by_all(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        home_file(tmp_path, f"{name}.csv")

    assert loads(tmp_path, "c, a") == ["c", "a"]
    assert loads(tmp_path, "all") == ["a", "b", "c"]


def test_the_only_one_needs_no_name(tmp_path: Path) -> None:
    home_file(tmp_path, "home_a.csv")

    assert loads(tmp_path, None) == ["home_a"]


def test_prices_are_chosen_by_their_beginning(tmp_path: Path) -> None:
    for name in ("de_lu_2024", "de_lu_2025"):
        write_series(tmp_path / f"{name}.csv", START, START + DAY, price_eur_per_kwh=constant(-0.1))

    (prices,) = choose_prices(open_folder(tmp_path), "de_lu_2024")

    assert (prices.name, prices.step) == ("de_lu_2024", HOUR)
    np.testing.assert_array_equal(prices.prices.values, np.full(96, -0.1))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MeasuredDataError, match="nowhere does not exist; say which folder"):
        open_folder(tmp_path / "nowhere")


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasuredDataError, match="is a file; name the folder"):
        open_folder(home_file(tmp_path, "home.csv"))


def test_a_folder_without_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasuredDataError, match=r"holds no \.csv"):
        open_folder(tmp_path)


def test_an_unknown_home_is_answered_with_those_there_are(tmp_path: Path) -> None:
    home_file(tmp_path, "a.csv")
    home_file(tmp_path, "b.csv")

    with pytest.raises(MeasuredDataError, match=r'no home "x"\. There is: a, b\.'):
        loads(tmp_path, "x")


def test_an_unknown_price_is_answered_with_those_there_are(tmp_path: Path) -> None:
    home_file(tmp_path, "a.csv")

    with pytest.raises(MeasuredDataError, match=r'no price "de"\. The folder has no price\.'):
        choose_prices(open_folder(tmp_path), "de")


def test_no_name_among_several_is_answered_with_all(tmp_path: Path) -> None:
    home_file(tmp_path, "a.csv")
    home_file(tmp_path, "b.csv")

    with pytest.raises(MeasuredDataError, match=r"Say which home: there are 2\. There is: a, b"):
        loads(tmp_path, None)


def test_an_ambiguous_beginning_is_answered_with_what_it_may_mean(tmp_path: Path) -> None:
    home_file(tmp_path, "home_1.csv")
    home_file(tmp_path, "home_2.csv")

    with pytest.raises(MeasuredDataError, match=r'"home" may mean home_1 .*, home_2 '):
        loads(tmp_path, "home")


@pytest.mark.parametrize("asked", ["home", "all"])
def test_two_files_of_one_name_are_ambiguous(tmp_path: Path, asked: str) -> None:
    home_file(tmp_path, "home.csv")
    home_file(tmp_path, "old/home.csv.gz")

    with pytest.raises(MeasuredDataError, match=r"home\.csv.*old/home\.csv\.gz.*rename"):
        loads(tmp_path, asked)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["2024-03-01T00:00:00Z,1"] * 2, "line 3: .*twice in a row"),
        (["2024-03-01T01:00:00Z,1", "2024-03-01T00:00:00Z,1"], "line 3: .*after a later one; sort"),
        (["2024-03-01T00:00:00Z,1", "2024-03-01T00:05:00Z,1"], "step of 5 minutes; resample"),
        (["2024-03-01T00:00:00Z,1"], "one row only"),
        ([], "a header but no rows"),
        (["2024-03-01T00:00:00Z,1", "2024-03-01T01:00:00Z,lots"], 'line 3: load_kw is "lots"'),
        (["2024-03-01T00:00:00Z,1", "2024-03-01T01:00:00Z,inf"], "line 3: load_kw is inf"),
        (["2024-03-01T00:00:00Z,1", "2024-03-01T01:00:00Z,-0.1"], "line 3: load_kw is -0.1, but"),
        (["2024-03-01T00:00:00Z,1", "2024-03-01T01:00:00Z,480"], "line 3: .*is it in W"),
        (["2024-03-01T00:00:00Z,1", "2024-03-01T01:00:00Z"], "line 3: 1 cells instead of 2"),
        (["2024-03-01T00:00:00Z,1", "yesterday,1"], 'line 3: start_utc is "yesterday"'),
        (["2024-03-01T00:00:00,1", "2024-03-01T01:00:00Z,1"], "line 2: .*has no zone; write UTC"),
        (["2024-03-01T00:05:00Z,1", "2024-03-01T01:05:00Z,1"], "line 2: .*on the file's grid"),
        (
            [f"2024-03-01T{at}Z,1" for at in ("00:00:00", "01:00:00", "02:00:00", "03:30:00")],
            "line 5: .*on the file's grid of 60 minutes; resample",
        ),
    ],
)
def test_what_cannot_be_believed_is_refused_with_its_line(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    folder = opened(tmp_path, *lines)

    with pytest.raises(MeasuredDataError, match=f"home.csv.*{said}"):
        choose_homes(folder, "home")


def test_a_price_in_megawatt_hours_is_refused(tmp_path: Path) -> None:
    folder = opened(
        tmp_path,
        "2024-03-01T00:00:00Z,78.5",
        "2024-03-01T01:00:00Z,1",
        header="start_utc,price_eur_per_kwh",
    )

    with pytest.raises(MeasuredDataError, match="is it EUR/MWh"):
        choose_prices(folder, None)


def test_rubbish_in_a_column_nobody_reads_does_no_harm(tmp_path: Path) -> None:
    folder = opened(
        tmp_path,
        "2024-03-01T00:00:00Z,1,sunny",
        "2024-03-01T01:00:00Z,1,-40",
        header="start_utc,load_kw,note",
    )

    assert len(choose_homes(folder, None)) == 1


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    folder = opened(tmp_path, header="start_utc,load_kw,load_kw")

    with pytest.raises(MeasuredDataError, match="has the column load_kw twice"):
        choose_homes(folder, "home")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("home.csv", b"", "home.csv is empty"),
        ("home.csv.gz", BROKEN, "is a damaged gzip file .*copy it again"),
        ("home.csv", b"start_utc,l\xe4st_kw\n", "is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_opened_is_named_when_it_is_asked_for(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    home_file(tmp_path, "other.csv")

    for asked in ("home", "all"):
        with pytest.raises(MeasuredDataError, match=said):
            loads(tmp_path, asked)


def test_a_damaged_file_does_not_keep_another_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "home.csv.gz").write_bytes(BROKEN)
    home_file(tmp_path, "other.csv")

    assert loads(tmp_path, "other") == ["other"]


def test_a_gzip_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    # Stored, not packed: the header can be read, the end is missing.
    lines = [f"{START + row * HOUR:%Y-%m-%dT%H:%M:%SZ},1" for row in range(2000)]
    packed = gzip.compress("\n".join(["start_utc,load_kw", *lines]).encode(), compresslevel=0)
    (tmp_path / "home.csv.gz").write_bytes(packed[: len(packed) // 2])

    with pytest.raises(MeasuredDataError, match=r"home\.csv\.gz is a damaged gzip file"):
        loads(tmp_path, "home")


def evenings(count: int, apart: timedelta, energy_kwh: float = 8.0) -> list[tuple[str, str, float]]:
    begins = [datetime(2019, 1, 1, 17, tzinfo=UTC) + index * apart for index in range(count)]
    return [(at.isoformat(), (at + 12 * HOUR).isoformat(), energy_kwh) for at in begins]


def test_users_come_with_most_sessions_first_and_their_estimates(tmp_path: Path) -> None:
    write_sessions(tmp_path / "a.csv", evenings(3, DAY), user="few", power_kw=None)
    write_sessions(tmp_path / "b.csv", evenings(5, DAY), user="many", battery_kwh=None)

    many, few = find_users(open_folder(tmp_path))

    assert (many.name, len(many.sessions), many.power_kw, many.battery_kwh) == (
        "ASK:many", 5, 3.6, None,
    )  # fmt: skip
    assert (few.power_kw, few.battery_kwh) == (None, 40.0)


def test_auto_takes_the_most_sessions_of_those_that_are_long_enough(tmp_path: Path) -> None:
    write_sessions(tmp_path / "a.csv", evenings(70, 5 * DAY), user="long")
    write_sessions(tmp_path / "b.csv", evenings(90, DAY), user="short")

    assert choose_user(open_folder(tmp_path), None).name == "ASK:long"


def test_nobody_long_enough_is_answered_with_what_to_do(tmp_path: Path) -> None:
    write_sessions(tmp_path / "a.csv", evenings(90, DAY))

    with pytest.raises(MeasuredDataError, match=r"over 300 days; name one .*ASK:P1 \(90\)"):
        choose_user(open_folder(tmp_path), None)


def test_an_unknown_user_is_answered_with_those_there_are(tmp_path: Path) -> None:
    write_sessions(tmp_path / "a.csv", evenings(9, DAY))

    with pytest.raises(MeasuredDataError, match=r'no user "ASK:P9" .*ASK:P1 \(9\)'):
        choose_user(open_folder(tmp_path), "ASK:P9")


def test_a_folder_without_sessions_says_which_cars_need_none(tmp_path: Path) -> None:
    home_file(tmp_path, "home.csv")

    with pytest.raises(MeasuredDataError, match="no charging sessions; choose the car commuter"):
        choose_user(open_folder(tmp_path), None)


@pytest.mark.parametrize(
    ("session", "said"),
    [
        (("2019-01-01T17:00:00Z", "2019-01-01T17:00:00Z", 5.0), "does not lie after plug_in_utc"),
        (("2019-01-01T17:00:00Z", "2019-01-02T07:00:00Z", -5.0), 'energy_kwh is "-5.0"'),
        (("2019-01-01T17:00:00Z", "2019-01-02T07:00:00Z", float("nan")), 'energy_kwh is "nan"'),
        (("17 h", "2019-01-02T07:00:00Z", 5.0), 'plug_in_utc is "17 h"'),
    ],
)
def test_a_session_that_cannot_be_believed_is_refused(
    tmp_path: Path, session: tuple[str, str, float], said: str
) -> None:
    write_sessions(tmp_path / "ev.csv", [session])

    with pytest.raises(MeasuredDataError, match=f"ev.csv, line 2: .*{said}"):
        find_users(open_folder(tmp_path))
