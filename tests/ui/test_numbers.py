import numpy as np
import pytest

from gdviz.ui.numbers import number


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (-0.1, "−0.1"), (0.40960001, "0.4096"), (12345.6, "12,350"), (99999.9, "100,000"), (9.99996, "10"),
     (1.25e-7, "1.25e−7"), (-3e8, "−3e8"), (0, "0"), (np.inf, "∞"), (-np.inf, "−∞"), (np.nan, "nan")],
)  # fmt: skip
def test_numbers_have_four_digits_and_a_true_minus(value: float, text: str) -> None:
    assert number(value) == text
