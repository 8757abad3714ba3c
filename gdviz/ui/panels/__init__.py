"""One file a panel; each only draws a Frame."""
