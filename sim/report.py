"""What the device says of itself, for people line by line, and summed up for machines."""

from __future__ import annotations

from typing import Any

OK, UNFINISHED, USAGE, NOT_REACHED = 0, 1, 2, 3  # exit status

# Codes of firmware/recording/faults.py: network, name, connection, login, no mailbox set, TLS; and
# what ends a session that began, or the login of a busy server: it counts as "not reached" only
# when not even a listing was had.
_NEVER_REACHED = (700, 701, 720, 721, 726, *range(728, 740))
_SESSION_LOST = (722, 723, 724, 725, *range(740, 744))
_SUMS = ("mails", "pages", "deleted", "recorded", "notices", "unfinished", "octets")
_COUNTED = ("recorded", "notices", "pages")  # known before a visit ends


class Report:
    """Takes events in their order; `lines` are for people, `summary` and `status` for whoever
    started the desk.
    """

    def __init__(self) -> None:
        self.visits = 0
        self.standing: dict[int, str] = {}
        self._sums = dict.fromkeys(_SUMS, 0)
        self._begun = 0  # mails of the visit that is not over
        self._so_far = dict.fromkeys(_COUNTED, 0)  # and what became of them
        self._heap_peak = 0
        self._faults: dict[int, str] = {}
        self._last: dict[str, Any] = {}

    def event(self, kind: str, fields: dict[str, Any], sheet: str) -> list[str]:
        """Take one event; `sheet` is the file of the sheet that came out last. Returns lines to
        show.
        """
        teller = _TELLERS.get(kind)
        return teller(self, fields, sheet) if teller else []

    def status(self) -> int:
        """The exit status after what was seen: of the last visit, or of the faults when there was
        none.
        """
        if self._open():
            return UNFINISHED
        if not self._last:
            return (
                NOT_REACHED
                if any(code in _NEVER_REACHED for code in self.standing)
                else UNFINISHED
            )
        code = _code(self._last.get("result"))
        if code in _NEVER_REACHED or (code in _SESSION_LOST and not self._last.get("mails")):
            return NOT_REACHED
        return UNFINISHED if code or self._last.get("unfinished") else OK

    def summary(self, runtime: str, seconds: float) -> dict[str, Any]:
        """The object of --json."""
        faults = [{"code": code, "text": text} for code, text in sorted(self._faults.items())]
        sums = dict(self._sums)
        for name, number in self._so_far.items():
            sums[name] += number
        sums["mails"] += self._begun
        sums["unfinished"] += self._open()
        return {
            "runtime": runtime,
            **sums,
            "faults": faults,
            "heap_peak": self._heap_peak,
            "visits": self.visits,
            "seconds": round(seconds, 3),
        }

    def stands(self) -> str:
        """The standing faults in words."""
        return "; ".join("fault " + text for _code, text in sorted(self.standing.items()))

    def _open(self) -> int:
        """Mails that began in a visit that is not over, and did not end on paper."""
        return max(0, self._begun - self._so_far["recorded"] - self._so_far["notices"])

    def _restarted(self) -> None:
        """What a visit did before the device broke off stays done; its open mails come again."""
        self._sums["mails"] += self._begun - self._open()
        for name in _COUNTED:
            self._sums[name] += self._so_far[name]
        self._forget()

    def _forget(self) -> None:
        self._begun = 0
        self._so_far = dict.fromkeys(_COUNTED, 0)

    def _trace(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        return ["%s: %s" % (fields.get("side"), fields.get("line"))]

    def _lost(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        return [str(fields.get("text"))]

    def _mailbox(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        return ["mailbox: %s" % fields.get("text")]

    def _boot(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        self.standing.clear()
        self._restarted()
        return (
            ["device started"]
            if not fields.get("cause")
            else ["device started: %s" % fields["cause"]]
        )

    def _visit_begin(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        why = fields.get("why")
        return [
            "visiting %s%s" % (fields.get("mailbox", "the mailbox"), " (%s)" % why if why else "")
        ]

    def _mail(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        self._begun += 1
        subject = fields.get("subject") or "no subject"
        return [
            "mail %s/%s from %s: %s"
            % (fields.get("n"), fields.get("of"), _sender(fields), subject)
        ]

    def _page(self, fields: dict[str, Any], sheet: str) -> list[str]:
        self._so_far["pages"] += 1
        number = str(fields.get("page"))
        if fields.get("of"):
            number += "/%s" % fields["of"]
        mark = " (possible duplicate)" if fields.get("duplicate") else ""
        what = "notice" if fields.get("kind") == "notice" else "page"
        return ["%s %s from %s \u2192 %s%s" % (what, number, _sender(fields), sheet, mark)]

    def _unrecorded(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        return ["not recorded: %s: %s" % (fields.get("name"), fields.get("reason"))]

    def _quality(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        return ["quality of %s" % fields.get("text")]

    def _mail_end(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        result, reason = fields.get("result"), fields.get("reason")
        if result == "again":
            self._begun -= 1  # it begins anew
        elif result in ("recorded", "notice"):
            self._so_far["recorded" if result == "recorded" else "notices"] += 1
        if result == "recorded" and not reason:
            return []
        words = {
            "recorded": "recorded",
            "notice": "ended with a notice sheet",
            "again": "is fetched again",
        }.get(str(result), "not finished")
        return ["mail %s %s%s" % (fields.get("n"), words, ": %s" % reason if reason else "")]

    def _fault(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        code, text = _code(fields.get("code")), str(fields.get("text"))
        if fields.get("active"):
            self.standing[code] = self._faults[code] = text
            return ["fault %s" % text]
        self.standing.pop(code, None)
        return ["over: fault %03d" % code]

    def _visit_end(self, fields: dict[str, Any], _sheet: str) -> list[str]:
        self.visits += 1
        self._forget()
        self._last = fields
        for name in _SUMS:
            self._sums[name] += int(fields.get(name) or 0)
        self._heap_peak = max(self._heap_peak, int(fields.get("heap_peak") or 0))
        code = _code(fields.get("result"))
        parts = [_count(fields, "mails", "mail"), _count(fields, "pages", "page")]
        if fields.get("notices"):
            parts.append(_count(fields, "notices", "notice"))
        parts += ["%s %s" % (fields[it], it) for it in ("unfinished", "deleted") if fields.get(it)]
        return ["visit over%s: %s" % (" with fault %03d" % code if code else "", ", ".join(parts))]


_TELLERS = {
    "trace": Report._trace,
    "boot": Report._boot,
    "lost": Report._lost,
    "mailbox": Report._mailbox,
    "visit-begin": Report._visit_begin,
    "mail": Report._mail,
    "page": Report._page,
    "mail-end": Report._mail_end,
    "unrecorded": Report._unrecorded,
    "quality": Report._quality,
    "fault": Report._fault,
    "visit-end": Report._visit_end,
}


def _sender(fields: dict[str, Any]) -> str:
    return str(fields.get("from") or "an unknown sender")


def _count(fields: dict[str, Any], name: str, one: str) -> str:
    number = int(fields.get(name) or 0)
    return "%d %s" % (number, one if number == 1 else one + "s")


def _code(value: Any) -> int:
    """A fault code as a number; 0 for 'ok' or nothing."""
    return int(value) if str(value).isdigit() else 0
