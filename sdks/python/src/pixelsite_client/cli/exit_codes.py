"""What the command ends with."""

from __future__ import annotations

from collections.abc import Iterable

from pixelsite_client.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectionFailed,
    PaymentRequired,
    PermissionDenied,
)

DONE, FAILED, WRONG_LINE, REFUSED_KEY, NO_CREDITS, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

EPILOG = """\
exit codes:
  0    everything was done
  1    something failed, or failures were of several kinds
  2    the command line is wrong
  3    the API key is missing, wrong, or may not do that
  4    the account or the key has too few credits
  5    the site cannot be reached
  130  interrupted
"""


def code_of(error: Exception) -> int:
    """The exit code that tells of this error."""
    if isinstance(error, (AuthenticationFailed, PermissionDenied, ConfigurationError)):
        return REFUSED_KEY
    if isinstance(error, PaymentRequired):
        return NO_CREDITS
    return UNREACHABLE if isinstance(error, ConnectionFailed) else FAILED


def code_of_all(errors: Iterable[Exception]) -> int:
    """The exit code of many pictures: that of their failures, if all are of one kind."""
    codes = {code_of(error) for error in errors}
    if not codes:
        return DONE
    return codes.pop() if len(codes) == 1 else FAILED
