"""Runs inside MicroPython: the tests of one module, one at a time, as the host asks for them on
standard input.

Started as `driver.py FILE NAME MODULE PATH...`: FILE holds the module's text (with assertions that
explain themselves), NAME is the path that tracebacks shall show, MODULE its dotted name, PATH go
in front of `sys.path`. Answers are lines that start with the mark; everything else on standard
output is the test's own.
"""

import gc
import io
import sys

MARK = "\x1e"


def _show(value):
    text = repr(value)
    return (
        text
        if len(text) <= 400
        else text[:300] + " ... " + text[-80:] + " (%d characters)" % len(text)
    )


def explain(text, pairs):
    """The message of a failed assertion: its text and the values in it."""
    shown = [(name, _show(value)) for name, value in pairs if type(value) is not type(sys)]
    return text + "".join("\n      %s = %s" % pair for pair in shown)


def _answer(word, detail=""):
    sys.stdout.write("\n" + MARK + word + " " + repr(detail) + "\n")


def _traceback(error):
    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue()


def _fresh():
    """Leave nothing of the last test behind: no task, no garbage."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        asyncio.new_event_loop()
    gc.collect()


def _outcome(function):
    try:
        function()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if type(error).__name__ == "SkipTest":
            return "skipped", str(error)
        return "failed", _traceback(error)
    return "passed", ""


def _load(file, shown, module):
    namespace = {"__name__": module, "__file__": shown, "_explain": explain}
    with open(file) as stream:
        text = stream.read()
    exec(compile(text, shown, "exec"), namespace)
    return namespace


def main(file, shown, module, *paths):
    """Load, then serve test names until the input ends."""
    sys.path[:0] = paths
    try:
        namespace = _load(file, shown, module)
    except BaseException as error:
        _answer("broken", _traceback(error))
        return
    _answer("ready")
    while True:
        name = sys.stdin.readline().strip()
        if not name:
            return
        _fresh()
        word, detail = _outcome(namespace[name])
        _answer(word, detail)


main(*sys.argv[1:])
