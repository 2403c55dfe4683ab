"""What the page asked for, done by the cycle's thread."""

import structlog

from inbox import AnyWish, EndOverride, SetStage, StartOverride, Wish
from ownership import hand_back
from parts import Parts

log = structlog.get_logger("smartload")


def fulfil(parts: Parts, wish: AnyWish) -> None:
    """Do what the page asked for."""
    log.info("wish", wish=str(wish))
    controller = parts.controller
    match wish:
        case Wish.TAKE_CONTROL:
            site = parts.watch.site
            controller.resume(evcc_is_automatic=site is not None and site.automatic_mode)
        case Wish.RELEASE:
            controller.release()
            hand_back(parts)
        case SetStage():
            controller.set_stage(wish.stage, wish.mode)
        case StartOverride():
            controller.start_override(wish.override)
        case EndOverride():
            controller.end_override(wish.kind, wish.device)
        case Wish.REFRESH:
            pass
