"""The one kind of error that is a person's to mend: its text is the whole message."""


class InputError(ValueError):
    """One sentence that says what is wrong, where (file, key), and what was expected."""
