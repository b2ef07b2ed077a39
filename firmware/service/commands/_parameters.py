"""What each function parameter is for, at most 39 characters. The table of
`store/parameter_table.py` has the rest.
"""

from __future__ import annotations

HELP = {
    "pop.host": "mail server: name or address",
    "pop.port": "its TCP port; 0: 995 for tls, else 110",
    "pop.user": "user name of the mailbox",
    "pop.password": "password of the mailbox",
    "pop.security": "tls, stls; plain wants pop.allow_plain",
    "pop.allow_plain": "send secrets without encryption",
    "pop.pin": "SHA-256 of the certificate to accept",
    "pop.token": "OAuth access token, in place of it",
    "pop.login": "how to log in",
    "pop.delete": "when mails are deleted",
    "pop.keep_days": "days kept, with 'after-days'",
    "pop.unreadable": "mails told of on a notice sheet",
    "pop.max_kb": "largest mail fetched, kB; 0: any",
    "pop.large": "larger ones: a notice sheet, or nothing",
    "pop.most": "mails fetched in one visit; 0: all",
    "pop.interval": "minutes between visits; 0: by hand only",
    "pop.connect_s": "seconds to wait for a connection",
    "pop.reply_s": "seconds to wait for an answer",
    "pop.silence_s": "seconds of silence allowed in a mail",
    "pop.stall_s": "seconds that paper may hold up a mail",
    "pop.trace": "what is said goes to the monitor",
    "record.header": "header line at the top of each page",
    "record.paper": "paper in the feeder",
    "record.fit": "what becomes of a page too long",
    "record.cut_mm": "mm cut off before a page is reduced",
    "record.reduce_mm": "mm too long that are reduced, not split",
    "record.overlap_mm": "mm repeated where a page is split",
    "record.sheets": "most sheets that one mail may take",
    "film.dark": "ink mark sensor: reading when dark",
    "film.bright": "ink mark sensor: reading when bright",
    "film.mark_bright": "the film's end mark is the bright part",
    "clock.sntp": "time server; asked when not set",
    "clock.zone_min": "minutes east of UTC",
}
