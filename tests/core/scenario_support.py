"""What the tests of scenarios share: problems as they are written."""

SURFACE = 'problem = { kind = "surface", name = "parabola" }\n'
DIGITS = 'problem = { kind = "digits" }\n'
FORMULA = 'problem = { kind = "formula", expression = "x**2*y" }\n'
