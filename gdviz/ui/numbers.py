"""Numbers to be read: four digits, a true minus, thousands in groups. What is typed has its own, in `widgets`."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """Four significant digits and a true minus sign: "5", "0.4096", "12,350", "1.2e−7", "∞"."""
    if not math.isfinite(value):
        text = "nan" if math.isnan(value) else "∞" if value > 0 else "-∞"
    elif value == 0 or 1e-4 <= abs(value) < 1e6:
        decimals = 3 - math.floor(math.log10(abs(value))) if value else 0
        text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, exponent = f"{value:.3e}".split("e")
        text = f"{float(mantissa):g}e{int(exponent)}"
    return text.replace("-", "−")


def operand(value: float) -> str:
    """A number that follows a sign: "4", "(−4)"."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def signed(value: float, digits: int = 3) -> str:
    """A number with its sign and always as many significant digits, so that it does not dance: +0.310, −1.20e−5."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.0f}".replace("-0", "0").replace("-", "−")
    mantissa, _, exponent = f"{value:+#.{digits}g}".partition("e")
    text = mantissa.removesuffix(".") + (f"e{int(exponent)}" if exponent else "")
    return text.replace("-", "−")
