"""Errors that a user can fix: each message is one line that says what is wrong, where, and what to do."""


class UserError(Exception):
    """A mistake in the user's input; command lines print only its message and exit with status 2."""


class CorpusError(UserError):
    """A corpus on disk differs from its release. The message names the file and, for annotations, the line."""


class AudioError(UserError):
    """An audio file cannot be used. The message names the file and the reason."""


class SettingError(UserError):
    """A flag, row, fold or assumption does not exist, or has a value that is not allowed."""


class DamagedError(UserError):
    """A file written by an earlier command cannot be used. The message says what is wrong and what to do."""
