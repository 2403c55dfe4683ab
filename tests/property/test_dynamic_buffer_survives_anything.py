"""Whatever comes into the buffer's cycle, its result is valid JSON and its target in bounds."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from domain.control import AppliedSetting, EvccSetting
from dynamic_buffer import DynamicBufferCalc, compute_target
from tests.support.buffer_fakes import DAY, T0, Bench, Options, events

NUMBERS = st.floats() | st.integers() | st.just(10**400) | st.decimals(allow_nan=True)
SCALARS = NUMBERS | st.none() | st.booleans() | st.text() | st.binary() | st.complex_numbers()
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
SERIES = st.lists(SCALARS, max_size=100) | st.iterables(NUMBERS) | ANYTHING
ZONES = st.none() | st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))
INSTANTS = st.builds(
    lambda instant, zone: instant.replace(tzinfo=zone),
    st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1)),  # noqa: DTZ001  # naive ones too
    ZONES,
)
ANSWERS = (
    st.sampled_from([None, True, False, RuntimeError(), RuntimeError("\ud800")])
    | st.builds(
        AppliedSetting,
        setting=st.just(EvccSetting.BUFFER_SOC),
        wanted_pct=st.floats(),
        accepted_pct=st.floats(),
        limited_by=st.none() | st.sampled_from(EvccSetting),
        limit_pct=st.none() | st.floats(),
    )
    | ANYTHING
)


class Answering:
    """An evcc that answers with anything."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def set_buffer_soc(self, target_pct: float) -> AppliedSetting | bool | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]  # the case


def one_step(  # noqa: PLR0913  # the four arguments of a step, and what stands around it
    *, confidence: object, spread: object, powers: object, now: datetime, answer: object, live: bool
) -> None:
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options=Options(50, "Europe/Berlin"))
        calc = DynamicBufferCalc(
            bench.options, Answering(answer), path=bench.path, clock=bench.clock.now
        )
        if live:
            calc.activate_live()

        result = calc.step(confidence, spread, powers, now)  # type: ignore[arg-type]  # the case

        json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
        assert len(events(result)) == 1
        restarted = bench.start()
        assert restarted.state_file.load_problem is None
        assert restarted.log() == calc.log()


@given(ANYTHING, ANYTHING, SERIES, INSTANTS)
def test_any_input_gives_one_event_and_valid_json(
    confidence: object, spread: object, powers: object, now: datetime
) -> None:
    one_step(confidence=confidence, spread=spread, powers=powers, now=now, answer=None, live=False)


@given(ANSWERS)
def test_any_answer_to_a_write_gives_one_event_and_valid_json(answer: object) -> None:
    one_step(confidence=1.0, spread=0.0, powers=[], now=T0, answer=answer, live=True)


@given(st.lists(st.floats() | st.integers(-1000, 1000), max_size=5))
def test_any_value_reported_from_evcc_gives_valid_json(values: list[float]) -> None:
    with TemporaryDirectory() as folder:
        calc = Bench(Path(folder)).start()

        for value in values:
            calc.report_evcc_value(value)
            json.dumps(calc.step(0.9, 0.0, [], T0), allow_nan=False)


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_any_file_is_survived_without_going_live(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.path.write_bytes(content)

        result = bench.start().step(1.0, 0.0, [], T0 + 400 * DAY)

        json.dumps(result, allow_nan=False)
        assert result["mode"] == "observation"


KEYS = [
    "deployment_ts",
    "live_override",
    "observation_extended_until",
    "current_buffer_pct",
    "log",
]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON_VALUES))
def test_any_json_under_the_right_keys_is_survived(state: dict[str, object]) -> None:
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.path.write_text(json.dumps({**state, "version": 1}), encoding="utf-8")

        calc = bench.start()
        result = calc.step(1.0, 0.0, [], T0)

        json.dumps(result, allow_nan=False)
        goes_live = calc.state_file.load_problem is None and state.get("live_override") is True
        assert result["mode"] == ("live" if goes_live else "observation")


@given(
    base=st.integers(20, 90),
    low=st.floats(0.0, 1.0),
    high=st.floats(0.0, 1.0),
    spread=st.floats(-1.0, 1.0),
    hour=st.integers(0, 23),
)
def test_more_confidence_never_asks_for_more_buffer(
    base: int, low: float, high: float, spread: float, hour: int
) -> None:
    low, high = sorted((low, high))

    careful, bold = (
        compute_target(base_pct=base, confidence=confidence, spread_eur_per_kwh=spread, hour=hour)
        for confidence in (low, high)
    )

    assert 20 <= bold <= careful <= base


def test_a_decimal_is_a_number(tmp_path: Path) -> None:
    confidence: float = Decimal("0.9")  # type: ignore[assignment]  # the case

    result = Bench(tmp_path).start().step(confidence, 0.0, [], T0)

    assert events(result)[0]["pv_confidence"] == 90.0
