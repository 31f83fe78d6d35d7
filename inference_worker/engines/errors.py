"""What can be wrong with a model, and with a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ModelError(Exception):
    """The model cannot be used. The text names the file, folder or package that is wrong, and says why."""


class Unreached(ModelError):
    """The model is elsewhere and nobody answers there: it may be there later, so that it is worth another try."""


@contextmanager
def blamed(what: Path | str) -> Iterator[None]:
    """Whatever goes wrong inside is a ModelError that names ``what``.

    Any exception at all: libraries read somebody's files here, and each format has error classes of its own.
    """
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # an edge: libraries raise anything on a broken file
        words = (str(error).strip() or type(error).__name__).splitlines()
        raise ModelError(f"{what} cannot be used: {' '.join(words)[:300]}") from error


class RequestError(Exception):
    """This one request cannot be answered; the text is fit for the room."""
