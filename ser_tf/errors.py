"""Errors that a user can mend: each message is one line that says what is wrong, where, and what to do."""


class UserError(Exception):
    """A mistake in what the user gave; command lines print its message alone and exit with status 2."""


class CorpusError(UserError):
    """A corpus on disk is not what its release should be: names the file and, for annotations, the line."""


class AudioError(UserError):
    """An audio file cannot be used: names the file and the reason."""


class SettingError(UserError):
    """A flag, row, fold or assumption that does not exist or has a value that is not allowed."""


class DamagedError(UserError):
    """A file that an earlier command wrote cannot be used: names it, what is wrong, and what to do."""
