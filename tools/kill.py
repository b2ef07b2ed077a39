"""Kill mail clients at random times, and count what they lost and what they delivered twice.

    python -m tools.kill [--kills N] [--mails N] [--seed S] [--only NAME] [--json FILE]

Each client takes 200 small mails from the embedded maildrop; its processes are killed (SIGKILL) at
random times by the seed, and it is started again until it has ended by itself. Then it may finish
undisturbed. That goes on with new mails until there were so many kills. Keep: mails stay on the
server, and each is wanted once; delete: they are deleted when they are delivered.

Counted: mails that were never delivered (lost), deliveries beyond the first that carry no mark,
those that carry one (ours: POSSIBLE DUPLICATE), and mails that were gone from the server at a kill
without having been delivered. A kill is no power cut: what a client has written without fsync
survives it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from firmware import VERSION
from sim.pop3_server import Action, Exchange, Maildrop, Pause, serving
from tools.faults_mails import fax, mail
from tools.kill_device import Device, pages_of
from tools.kill_peers import LAST, PEERS, TOKEN, Peer, SmtpSink, maildir, prepare

MAILS, KILLS = 200, 50
_PAUSE_S = 0.002  # before each mail and each deletion: else all is over before one can kill
_PEER = (0.05, 1.3)  # a process lives so long, in runs without a kill,
_LONGEST_S = 3.0  # of which no more than so much counts
_OURS_S = (0.0, 3.0)  # from its first word on
_BOOT_S = 60.0
_ROWS = 160
LIMIT_S = 120  # one client, one mode
_END_S = 600.0  # for the last run, which nobody kills


@dataclass
class Row:
    """One line of the table."""

    client: str
    version: str
    setting: str
    mode: str
    mails: int = 0
    kills: int = 0
    lost: int = 0
    unmarked_duplicates: int = 0
    marked_duplicates: int = 0
    wrong_deletes: int = 0

    def count(self, mails: int, plain: Iterable[int], marked: Iterable[int] = ()) -> None:
        """Take in the deliveries of one round, by the mails' numbers."""
        once, again = Counter(plain), Counter(marked)
        self.mails += mails
        for number in range(mails):
            self.lost += not once[number] and not again[number]
            first_marked = not once[number] and again[number] > 0
            self.unmarked_duplicates += max(once[number] - 1, 0)
            self.marked_duplicates += again[number] - first_marked


def slow(exchange: Exchange) -> Iterable[Action] | None:
    """The server's pace."""
    slowed = exchange.verb in ("RETR", "DELE")
    return [Pause(_PAUSE_S), exchange.reply] if slowed else None


def number_of(content: bytes) -> int | None:
    """Which mail a delivered file is; None when it is not whole."""
    at = content.find(TOKEN)
    if at < 0:
        return None
    number = content[at + len(TOKEN) :].split(b"\n")[0].strip()
    return int(number) if LAST + number in content else None


def texts(count: int) -> list[bytes]:
    """So many mails for the peers."""
    form = (b"From: sender@example.com\r\nTo: fax@example.net\r\nSubject: Mail %d\r\n"
            b"Message-ID: <%d@example.com>\r\n%s%d\r\n\r\n%s%s%d\r\n")
    filling = b"one line of some text that makes the mail a little longer\r\n" * 8
    return [form % (n, n, TOKEN, n, filling, LAST, n) for n in range(count)]


@contextmanager
def _server(mails: Sequence[bytes]) -> Any:
    maildrop = Maildrop(mails)
    with serving(maildrop, slow) as server:
        yield maildrop, server.port, {one.uid: n for n, one in enumerate(list(maildrop.mails))}


def _unlocked(maildrop: Maildrop) -> None:
    """Wait until the server has seen that the client is gone."""
    for _ in range(500):
        if not maildrop.locked:
            return
        time.sleep(0.01)


def _gone(maildrop: Maildrop, numbers: dict[str, int]) -> set[int]:
    return {numbers[one.uid] for one in list(maildrop.deleted)}


def peer_round(peer: Peer, keep: bool, row: Row, count: int, chance: random.Random,
               calm_s: float) -> float:
    """One maildrop, from full to all delivered; the seconds of the last run.

    :param calm_s: what a run takes without a kill; 0: then none is killed
    """
    sink = SmtpSink()
    with tempfile.TemporaryDirectory() as name, _server(texts(count)) as (drop, port, numbers):
        folder = Path(name)
        os.chmod(folder, 0o755)
        prepare(folder)
        (folder / "smtp-port").write_text(str(sink.port))
        command = peer.command(folder, port, keep)

        def delivered() -> list[int]:
            contents = list(sink.mails) if peer.by_smtp else maildir(folder)
            return [n for n in map(number_of, contents) if n is not None]

        if calm_s:
            row.wrong_deletes += _killed_until_done(
                command, folder, row, chance, drop,
                lambda: _gone(drop, numbers) - set(delivered()), calm_s)
        _unlocked(drop)
        began = time.monotonic()
        _start(command, folder).wait(_END_S)
        row.count(count, delivered())
    sink.close()
    return time.monotonic() - began


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "HOME": str(folder), "FETCHMAILHOME": str(folder)},
    )


def _killed_until_done(command: list[str], folder: Path, row: Row, chance: random.Random,
                       drop: Maildrop, wrong: Any, calm_s: float) -> int:
    """Start and kill until it ends by itself with all said and done; mails that were deleted and
    not delivered at a kill.
    """
    missing: set[int] = set()
    kills = 0
    for _ in range(KILLS):
        _unlocked(drop)
        process = _start(command, folder)
        try:
            process.wait(calm_s * chance.uniform(*_PEER))
            if process.returncode in (0, 1):  # fetchmail: 1 when there was no mail
                break
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            missing |= wrong()
    row.kills += kills
    return len(missing)


def our_round(keep: bool, row: Row, mails: list[bytes], pages: dict[str, int],
              chance: random.Random, span: tuple[float, float] = _OURS_S,
              most: int = KILLS) -> None:
    """The same with our device."""
    with _server(mails) as (drop, port, numbers):
        device = Device(port, keep, pages)
        missing: set[int] = set()
        for _ in range(most):
            _unlocked(drop)
            device.start()
            device.woke.wait(_BOOT_S)
            if device.visited.wait(chance.uniform(*span)):
                device.kill()
                break
            device.kill()
            row.kills += 1
            plain, marked = device.delivered()
            missing |= _gone(drop, numbers) - set(plain) - set(marked)
        _unlocked(drop)
        device.start()
        ended = device.visited.wait(_END_S)
        device.kill()
        if not ended:
            raise RuntimeError("the device did not come to its end")
        row.wrong_deletes += len(missing)
        row.count(len(mails), *device.delivered())
        device.close()


def peer_row(peer: Peer, keep: bool, kills: int, mails: int, seed: int, limit_s: int) -> Row:
    """Rounds of one peer, until there were so many kills, or the time is over."""
    row = Row(peer.name, peer.version(), peer.setting, "keep" if keep else "delete")
    name = "%s %s %s %d" % (peer.name, peer.setting, row.mode, seed)
    calm = Row(*asdict(row).values())
    calm_s = min(peer_round(peer, keep, calm, mails, random.Random(), 0) for _ in range(2))
    calm_s = min(calm_s, _LONGEST_S)
    began = time.monotonic()
    if calm.lost or calm.unmarked_duplicates:
        raise RuntimeError("%s does not work, even when it is not killed: %s" % (name, calm))
    while row.kills < kills and time.monotonic() - began < limit_s:
        peer_round(peer, keep, row, mails, random.Random("%s %d" % (name, row.mails)), calm_s)
    return row


def our_row(keep: bool, kills: int, mails: int, seed: int, limit_s: int) -> Row:
    """Rounds of our device."""
    row = Row("uf-e1", VERSION, "as delivered", "keep" if keep else "delete")
    chance = random.Random("ours %s %d" % (row.mode, seed))
    contents = [mail(chance, tiffs=(fax(chance, 1),)) for _ in range(mails)]
    pages = pages_of(contents, _ROWS)
    began = time.monotonic()
    while row.kills < kills and time.monotonic() - began < limit_s:
        our_round(keep, row, contents, pages, chance)
    return row


_HEAD = ("client", "setting", "mode", "mails", "kills", "lost", "twice, unmarked",
         "twice, marked", "deleted, not delivered")


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| " + " | ".join(_HEAD) + " |", "|---" * len(_HEAD) + "|"]
    for row in rows:
        cells = (("%s %s" % (row.client, row.version)).strip(), row.setting, row.mode, row.mails,
                 row.kills, row.lost, row.unmarked_duplicates, row.marked_duplicates,
                 row.wrong_deletes)
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 when our device lost a mail or printed one twice without saying so."""
    parser = argparse.ArgumentParser(prog="make kill", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=KILLS, help="of each row (%d)" % KILLS)
    parser.add_argument("--mails", type=int, default=MAILS, help="in a maildrop (%d)" % MAILS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=LIMIT_S, metavar="SECONDS",
                        help="of each row; none begins a new round behind it (%d)" % LIMIT_S)
    parser.add_argument("--only", default="", help="clients whose name begins so")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    figures = (options.kills, options.mails, options.seed, options.limit)
    for keep in (True, False):
        if "uf-e1".startswith(options.only):
            rows.append(our_row(keep, *figures))
            print(rows[-1], file=sys.stderr, flush=True)
        for peer in PEERS:
            if not peer.name.startswith(options.only):
                continue
            if not peer.is_there():
                print("skipped: %s is not installed" % peer.name, flush=True)
                continue
            rows.append(peer_row(peer, keep, *figures))
            print(rows[-1], file=sys.stderr, flush=True)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    ours = [row for row in rows if row.client == "uf-e1"]
    return int(any(row.lost or row.unmarked_duplicates or row.wrong_deletes for row in ours))


if __name__ == "__main__":
    sys.exit(main())
