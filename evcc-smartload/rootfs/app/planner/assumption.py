"""What nobody told and a plan has to assume."""

from enum import StrEnum


class Assumption(StrEnum):
    """Something assumed; each is explained in docs/planner.md."""

    SOC_MIN = "soc_min"
    """The battery's lower limit: evcc does not tell it."""
    CHARGE_POWER = "charge_power"
    """How fast the battery charges."""
    DISCHARGE_POWER = "discharge_power"
    """How much the battery gives."""
    EFFICIENCY = "efficiency"
    """What the battery loses."""
    BATTERY_LEFT_OUT = "battery_left_out"
    """Its state of charge or its capacity is not known, so it is planned without."""
    EXPORT_PRICE = "export_price"
    """Feed-in brings nothing where no price for it is known."""
    IMPORT_PRICE = "import_price"
    """Prices of the day before stand in for some that are neither published nor forecast."""
    AS_THE_DAY_BEFORE = "as_the_day_before"
    """What lies after the forecasts is like their last day."""
    NO_SUN = "no_sun"
    """There is no forecast of PV: none is expected."""
    CAR_PHASES = "car_phases"
    """evcc does not tell with how many phases a car charges: one or three."""
    CAR_CURRENT = "car_current"
    """evcc does not tell with which currents a car charges: 6 to 16 A."""
    CAR_NEED = "car_need"
    """What a car needs is not known, so the usual of a session is assumed."""
