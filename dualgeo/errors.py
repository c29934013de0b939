"""The one exception whose message is meant for the person at the keyboard."""


class DualGeoError(Exception):
    """A problem with what the user gave: one sentence that names it and says what to do.

    The command line prints the message without a traceback and exits with status 1.
    Anything else that escapes is a defect of this package and keeps its traceback.
    """
