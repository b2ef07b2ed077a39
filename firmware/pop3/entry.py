"""The way into a mailbox: capabilities, login, listings. Loaded at the beginning of a visit, when
the connection stands (`security`), and dropped before the first mail, to spare the heap.

A server that is known costs fewer round trips: what it can do is remembered, and what needs no
answer in between goes out together where it takes that (RFC 2449 section 6.6).
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3 import known
from firmware.pop3.capability import LIAR, Capabilities
from firmware.pop3.failures import Refused
from firmware.pop3.maildrop import KEYED, SHARED
from firmware.recording.faults import MAIL_EXPIRES, STORAGE

if TYPE_CHECKING:
    from firmware.pop3.capability import Server
    from firmware.pop3.mailbox import Visit, VisitResult
    from firmware.pop3.session import Session

# Gmail counts a mail as fetched at RETR, whatever became of it, and shows it no more, but to users
# whose names begin so.
_HIDING = b"Gpop"
_SHOWN_AGAIN = "recent:"
# What a server announces may change without its greeting: ask anew every so many visits.
_TRUSTED_VISITS = const(20)


async def enter(visit: Visit, result: VisitResult) -> Server:
    """Log in over the connection that stands and read the listings. Raises Fault.

    Returns what is known of the server; `visit.server` has it even when a Fault ends this.
    """
    session, get = visit.session, visit.settings.get
    host, user = get("pop.host"), get("pop.user")
    visit.mailbox = ("%s@%s" % (user, host.lower())).encode()
    visit.hides = session.greeting.startswith(_HIDING) and not user.startswith(_SHOWN_AGAIN)
    peer = "%s:%d:%s" % (host.lower(), session.peer[1], get("pop.security"))
    server = _recall(visit, known.identity(peer, session.greeting))
    visit.server = server
    if server.recalled and server.before.known:
        session.capabilities = server.before
    else:
        server.before = await session.capa()
    pipelines = visit.trusts and not server.flags & LIAR
    session.pipelining = pipelines and server.before.has("PIPELINING")
    await _speak(session)
    visit.piped = session.pipelining
    if session.pipelining and server.after.has("PIPELINING"):
        session.trail = lambda: _ask(session)
    await _log_in(visit)
    await _list_all(visit, server, result, pipelines)
    _look_at_terms(visit, server, result)
    if visit.storage is not None:
        try:
            known.keep(visit.storage, visit.file("server"), server)
        except OSError as error:
            visit.report(STORAGE, "server: %s" % error)
    # no longer needed, and the mails need the heap
    server.before = server.after = session.capabilities = Capabilities()
    return server


def _recall(visit: Visit, identity: bytes) -> Server:
    storage = visit.storage if visit.visits % _TRUSTED_VISITS or not visit.visits else None
    server = known.recall(storage if visit.recalls else None, visit.file("server"), identity)
    if not visit.trusts:
        server.flags |= LIAR
    return server


async def _speak(session: Session) -> None:
    """Have texts that can be read, and mails as they are (RFC 6856). Both may be refused."""
    wanted = [command for command in ((b"UTF8",), (b"LANG", b"en"))
              if session.capabilities.has(command[0].decode())]
    if session.pipelining:
        for command in wanted:
            session.ahead(*command)
    for command in wanted:
        await session.command(*command)


async def _log_in(visit: Visit) -> None:
    session, get = visit.session, visit.settings.get
    try:
        told = await session.login(get("pop.user"), get("pop.password"), get("pop.login"),
                                   get("pop.token") or "", bool(get("pop.allow_plain")))
    finally:
        session.trail = None
    if told:
        visit.report(0, told)


def _ask(session: Session) -> None:
    for verb in (b"CAPA", b"STAT", b"LIST", b"UIDL"):
        session.ahead(verb)


async def _list_all(visit: Visit, server: Server, result: VisitResult, pipelines: bool) -> None:
    """Capabilities anew (servers announce more to whom they know, RFC 2449 section 5) and the
    listings.
    """
    session = visit.session
    session.pipelining = pipelines and server.after.has("PIPELINING")
    visit.piped = visit.piped or session.pipelining
    if session.pipelining and not session.owed:
        _ask(session)
    if session.owed or not server.after.known:
        server.after = await session.capa()
        if not server.after.known:
            server.after = server.before
        session.pipelining = pipelines and server.after.has("PIPELINING")
    else:
        session.capabilities = server.after
    if session.pipelining and not session.owed:
        visit.piped = True
        for verb in (b"STAT", b"LIST", b"UIDL"):
            session.ahead(verb)
    result.mails, _octets = await session.stat()
    if result.mails or session.owed:
        await _read_listings(visit)


async def _read_listings(visit: Visit) -> None:
    window = visit.window

    def identified(number: int, uid: memoryview) -> None:
        window.identify(visit.mailbox, number, uid, visit.box)

    await visit.session.list(window.list)
    try:
        await visit.session.uidl(identified)
    except Refused:
        visit.report(0, "the server has no unique-ids")
    shared = window.count(SHARED)
    if shared:
        visit.report(0, "%d mails share their unique-ids with others" % shared)
    for number in window.numbers(0, KEYED):
        try:
            key = await _header_key(visit, number)
            if window.find(key):
                window.set(number, SHARED)
            window.set_key(number, key)
        except Refused as refused:
            visit.report(refused.code, "mail %d: %s" % (number, refused.detail))


async def _header_key(visit: Visit, number: int) -> bytes:
    """The key of a mail without a usable unique-id, of its header. TOP is optional: else by a RETR
    for it alone; and so where the header does not say enough.
    """
    from firmware.pop3.header_key import HeaderKey

    header = HeaderKey(visit.mailbox, visit.window.size(number), visit.box)
    try:
        body = await visit.session.top(number, 0)
        while (piece := await body.next()) is not None:
            header.feed(piece)
        if header.has_id:
            return header.key()
        header = HeaderKey(visit.mailbox, visit.window.size(number), visit.box)
    except Refused:
        pass
    header.whole = True
    body = await visit.session.retr(number, visit.window.size(number))
    visit.fetched += 1
    while (piece := await body.next()) is not None:
        header.feed(piece)
    return header.key()


def _look_at_terms(visit: Visit, server: Server, result: VisitResult) -> None:
    """LOGIN-DELAY, EXPIRE (RFC 2449 sections 6.5, 6.7), and mails that were kept long enough."""
    result.login_delay_s = max(server.after.number("LOGIN-DELAY"), 0)
    expire, delete = server.after.number("EXPIRE"), visit.settings.get("pop.delete")
    visit.eats = expire == 0
    days = visit.settings.get("pop.keep_days") or 0
    if expire >= 0 and (delete == "never" or (delete == "after-days" and expire < days)):
        visit.report(MAIL_EXPIRES, "it keeps them %d days" % expire)
    if delete == "after-days" and visit.storage is not None:
        from firmware.pop3 import retention

        try:
            retention.mark_due(visit.storage, visit.file("kept"), visit.window, visit.ledger,
                               visit.now(), days)
        except OSError as error:
            visit.report(STORAGE, "kept mails: %s" % error)
