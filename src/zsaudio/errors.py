"""The one error type for what a user can put right."""


class ZsAudioError(Exception):
    """Something the user can put right; the message says what, where and how, in one sentence or two."""
