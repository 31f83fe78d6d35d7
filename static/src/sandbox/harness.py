"""Runs in the sandbox of a pupil's browser, never on the server: her code, and behind it the tests of the problem.

Tracebacks show her own lines alone. What tests say is what this interpreter says; code that wants to can change that.
"""

import ast
import contextlib
import io
import linecache
import sys
import traceback

NAME = "main.py"
FAILED_MOST, TESTS_MOST, LINE_MOST = 5, 100, 200


def attempt(code, names, name=NAME):
    """Runs compiled code. None, or what ended it."""
    try:
        exec(code, names)  # noqa: S102  (this is what the sandbox is for)
    except SystemExit as end:
        return None if end.code in (None, 0) else end
    except BaseException as error:  # noqa: BLE001  (whatever her code raises is told to her)
        return error
    return None


def told(error):
    """The traceback without our own frames."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == NAME]
    head = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*head, *traceback.format_exception_only(error)])


def line_of(error):
    return "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]


def run(text):
    """(its names, whether it came to its end)."""
    names = {"__name__": "__main__", "__file__": NAME}
    linecache.cache[NAME] = (len(text), None, text.splitlines(True), NAME)
    try:
        code = compile(text, NAME, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        sys.stderr.write("".join(traceback.format_exception_only(error)))
        return names, False
    error = attempt(code, names)
    if error is not None:
        sys.stderr.write(told(error))
    return names, error is None


def asserts(text, names):
    """(is a test, what is wrong or None) for each statement."""
    for statement in ast.parse(text, "tests").body:
        is_test = isinstance(statement, ast.Assert)
        error = attempt(compile(ast.Module([statement], []), "tests", "exec"), names)
        if error is None:
            yield is_test, None
            continue
        bare = type(error) is AssertionError and not str(error)
        yield is_test, ast.unparse(statement).splitlines()[0] + ("" if bare else f": {line_of(error)}")


def examples(text, names):
    """The same for lines with >>> and what they should print."""
    lines = [line.strip() for line in text.splitlines()]
    at = 0
    while at < len(lines):
        if not lines[at].startswith(">>>"):
            at += 1
            continue
        source = [lines[at][4:]]
        at += 1
        while at < len(lines) and lines[at].startswith("..."):
            source.append(text.splitlines()[at].strip()[4:])
            at += 1
        wanted = []
        while at < len(lines) and lines[at] and not lines[at].startswith(">>>"):
            wanted.append(lines[at])
            at += 1
        yield bool(wanted), example("\n".join(source) + "\n", wanted, names)


def example(source, wanted, names):
    printed = io.StringIO()
    try:
        code = compile(source, "tests", "single")
    except SyntaxError as error:
        return f"{source.strip()}: {line_of(error)}"
    with contextlib.redirect_stdout(printed):
        error = attempt(code, names)
    got = [line.strip() for line in printed.getvalue().strip().splitlines()]
    if error is not None:
        return f"{source.strip()}: {line_of(error)}"
    return None if not wanted or got == wanted else f"{source.strip()} gives {' '.join(got) or 'nothing'}"


def check(text, names):
    """[passed, total, what failed first]. A line that is no test counts when it fails."""
    passed = total = 0
    failed = []
    try:
        for is_test, why in (examples if text.lstrip().startswith(">>>") else asserts)(text, names):
            total += is_test or why is not None
            passed += is_test and why is None
            if why is not None and len(failed) < FAILED_MOST:
                failed.append(why[:LINE_MOST])
            if total >= TESTS_MOST:
                break
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [0, 1, [line_of(error)[:LINE_MOST]]]
    return [passed, total, failed]
