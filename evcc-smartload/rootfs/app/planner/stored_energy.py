"""What stored energy is for: followed from where it goes in to where it comes out.

Energy that went in without a discharge between is one layer; what comes out is taken from the
newest layer. So the charge of a night is for the morning, and not for an evening before which
the sun fills the battery anyway; and all slots of one charge are for the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from planner.reasons_scene import TOLERANCE_KWH

# A cloud over noon takes a little out of what is kept for the evening; that is not its purpose.
EDGE_FRAC = 0.05


@dataclass(slots=True)
class Layer:
    """Energy that went in without a discharge between; ``uses`` are (slot, kWh) taken out."""

    kwh: float = 0.0
    uses: list[tuple[int, float]] = field(default_factory=list)


class Trace(NamedTuple):
    """Where energy goes; one entry per slot.

    ``charged`` is the layer that grows in a slot, ``held`` are the layers there are at its end,
    the same tuple as long as nothing flows.
    """

    charged: list[Layer | None]
    held: list[tuple[Layer, ...]]


class Purpose(NamedTuple):
    """Energy is used from slot ``first`` to slot ``last`` (both inside), worth so much there."""

    first: int
    last: int
    eur_per_kwh: float
    use: str


def trace(start_kwh: float, gains_kwh: Sequence[float]) -> Trace:
    """Follow the energy of one battery.

    Args:
        start_kwh: What can be taken out at the beginning (above the lower limit). Negative below
            it: what is charged first fills that gap and is for nothing else.
        gains_kwh: What each slot adds to the cells, negative when it takes out.
    """
    stack = [Layer(kwh=start_kwh)] if start_kwh > TOLERANCE_KWH else []
    charged: list[Layer | None] = []
    held: list[tuple[Layer, ...]] = []
    now = tuple(stack)
    gap_kwh = max(-start_kwh, 0.0)
    is_growing = False
    for slot, all_kwh in enumerate(gains_kwh):
        filled_kwh = min(gap_kwh, max(all_kwh, 0.0))
        gap_kwh -= filled_kwh
        gain_kwh = all_kwh - filled_kwh
        grows = gain_kwh > TOLERANCE_KWH
        if grows:
            if not is_growing:
                stack.append(Layer())
            stack[-1].kwh += gain_kwh
            is_growing = True
        elif gain_kwh < -TOLERANCE_KWH:
            _take(stack, slot, -gain_kwh)
            is_growing = False
        if grows or gain_kwh < -TOLERANCE_KWH:
            now = tuple(stack)
        charged.append(stack[-1] if grows else None)
        held.append(now)
    return Trace(charged, held)


def _take(stack: list[Layer], slot: int, kwh: float) -> None:
    left_kwh = kwh
    while stack and left_kwh > 0.0:
        layer = stack[-1]
        part_kwh = min(layer.kwh, left_kwh)
        layer.uses.append((slot, part_kwh))
        layer.kwh -= part_kwh
        left_kwh -= part_kwh
        if layer.kwh <= TOLERANCE_KWH:
            stack.pop()


def purpose_of(
    uses: Iterable[tuple[int, float]], worth_eur_per_kwh: Sequence[float], use: Sequence[str]
) -> Purpose | None:
    """Return what energy is for; None when it is not used.

    Args:
        uses: (slot, kWh), any order.
        worth_eur_per_kwh: What a discharged kWh is worth in each slot.
        use: What is served in each slot.
    """
    in_order = sorted(uses)
    all_kwh = sum(kwh for _, kwh in in_order)
    if all_kwh <= TOLERANCE_KWH:
        return None
    kept: list[tuple[int, float]] = []
    before_kwh = 0.0
    for slot, kwh in in_order:
        after_kwh = before_kwh + kwh
        if after_kwh > EDGE_FRAC * all_kwh and before_kwh < (1.0 - EDGE_FRAC) * all_kwh:
            kept.append((slot, kwh))
        before_kwh = after_kwh
    kept_kwh = sum(kwh for _, kwh in kept)
    shares: dict[str, float] = {}
    for slot, kwh in kept:
        shares[use[slot]] = shares.get(use[slot], 0.0) + kwh
    return Purpose(
        first=kept[0][0],
        last=kept[-1][0],
        eur_per_kwh=sum(worth_eur_per_kwh[slot] * kwh for slot, kwh in kept) / kept_kwh,
        use=max(shares, key=lambda name: shares[name]),
    )
