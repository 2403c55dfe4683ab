"""Draw the app's icon.png and logo.png: a battery with the sun rising out of its charge."""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

APP_FOLDER = Path(__file__).parents[1] / "evcc-smartload"
ICON_PX = 128
LOGO_PX = (250, 100)
OVERSAMPLING = 8  # drawn larger and scaled down, which smooths the edges

# Bright enough for a dark store page, dark enough for a light one.
GREEN = "#18a058"
SUN = "#f5a524"
INK = "#5b6b7a"


def draw_mark(size_px: int) -> Image.Image:
    """Return the mark on a transparent square of ``size_px``."""
    unit = size_px / 128
    image = Image.new("RGBA", (size_px, size_px), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        return (left * unit, top * unit, right * unit, bottom * unit)

    # The battery's shell and its pole.
    draw.rounded_rectangle(box(50, 4, 78, 18), radius=5 * unit, fill=INK)
    draw.rounded_rectangle(box(24, 13, 104, 124), radius=16 * unit, fill=INK)
    draw.rounded_rectangle(box(32, 21, 96, 116), radius=9 * unit, fill="#ffffff")

    # Rays and the sun, of which the charge will cover the lower half.
    centre_x, centre_y = 64.0, 78.0
    for step in range(7):
        angle = math.pi * step / 6
        reach_x, reach_y = math.cos(angle), -math.sin(angle)
        draw.line(
            box(
                centre_x + 24 * reach_x,
                centre_y + 24 * reach_y,
                centre_x + 31 * reach_x,
                centre_y + 31 * reach_y,
            ),
            fill=SUN,
            width=round(5 * unit),
        )
    draw.ellipse(box(centre_x - 18, centre_y - 18, centre_x + 18, centre_y + 18), fill=SUN)

    # The charge: the part that stays with the house.
    charge = Image.new("L", image.size, 0)
    ImageDraw.Draw(charge).rounded_rectangle(box(32, 21, 96, 116), radius=9 * unit, fill=255)
    ImageDraw.Draw(charge).rectangle(box(0, 0, 128, 83), fill=0)
    image.paste(GREEN, mask=charge)
    return image


def draw_icon() -> Image.Image:
    """Return the square icon."""
    return draw_mark(ICON_PX * OVERSAMPLING).resize((ICON_PX, ICON_PX), Image.Resampling.LANCZOS)


def draw_logo() -> Image.Image:
    """Return the mark beside the name."""
    width, height = (length * OVERSAMPLING for length in LOGO_PX)
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    mark = draw_mark(round(height * 0.92))
    image.paste(mark, (0, (height - mark.height) // 2), mark)
    # Pillow ships this font, so the logo looks the same wherever it is drawn.
    font = ImageFont.load_default(size=31 * OVERSAMPLING)
    draw = ImageDraw.Draw(image)
    left = round(height * 0.82)
    stroke = round(0.35 * OVERSAMPLING)
    for text, colour in (("Smart", GREEN), ("Load", SUN)):
        draw.text(
            (left, height / 2), text, font=font, fill=colour, anchor="lm", stroke_width=stroke
        )
        left += round(draw.textlength(text, font=font))
    return image.resize(LOGO_PX, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    draw_icon().save(APP_FOLDER / "icon.png", optimize=True)
    draw_logo().save(APP_FOLDER / "logo.png", optimize=True)
