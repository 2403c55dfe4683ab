"""What SmartLoad knows of the days to come while a past is lived again."""

from backtest.knowledge_foresight import ForesightKnowledge
from backtest.period import Period
from backtest.settings import BacktestSettings
from backtest.walk_forward import WalkForward

Knowledge = WalkForward | ForesightKnowledge


def knowledge_of(period: Period, settings: BacktestSettings) -> Knowledge:
    """Return what was known then, or everything where the settings say so."""
    if settings.knows_all:
        return ForesightKnowledge(period)
    return WalkForward(period, reissue_slots=settings.reissue_slots)
