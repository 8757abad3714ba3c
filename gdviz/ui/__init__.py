"""The window: panels that draw a Frame, the session behind them, the thread that trains."""
