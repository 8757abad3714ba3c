"""The mathematics: problems, optimizers, the loop and its history. No Qt anywhere in here."""
