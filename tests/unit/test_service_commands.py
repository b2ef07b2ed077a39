"""Each command of the console: what it shows and what it does."""

from __future__ import annotations

from binascii import b2a_base64

from firmware.recording.fault_table import TABLE
from firmware.recording.faults import NO_PAPER, NO_SERVER
from firmware.store import parameter_table as parameters
from firmware.store.certificate_file import replace
from firmware.store.certificates import stored
from tests.unit.certificate_support import FIRST, SECOND
from tests.unit.service_support import FakeReceiver, typed

ALL = [
    "cert",
    "fault",
    "help",
    "journal",
    "mail",
    "param",
    "poll",
    "reboot",
    "signals",
    "status",
    "version",
]


def test_help_lists_every_command_with_its_summary() -> None:
    lines = typed(FakeReceiver(), "help")
    assert [line.split()[0] for line in lines[: len(ALL)]] == ALL
    assert "fault      show the faults that stand, with cause and advice" in lines
    assert lines[-1] == "OK %d commands" % len(ALL)


def test_help_explains_each_command() -> None:
    for name in ALL:
        lines = typed(FakeReceiver(), "help " + name)
        assert (
            lines[0].startswith("usage: " + name) and len(lines[1]) > 10 and lines[-1] == "OK"
        ), lines


def test_cert_stores_what_was_typed_and_shows_whose_it_is() -> None:
    receiver = FakeReceiver()
    assert typed(receiver, "cert")[-1] == "OK 0 certificates"
    assert typed(receiver, "cert add")[-1].startswith("ERROR 904 ")
    text = str(b2a_base64(FIRST).strip(), "ascii")
    for at in range(0, len(text), 64):
        assert typed(receiver, "cert text " + text[at : at + 64])[-1].startswith("OK ")
    lines = typed(receiver, "cert add")
    assert lines == [
        "1 First Root, valid 2026-01-02 to 2046-01-02",
        "  SHA-256 5db84d7cabb751e87ce6e5efad5abdb47dce80ee8fddc50c430633f21fcf27f3",
        "OK added; 1 certificates",
    ]
    typed(receiver, "cert text -----BEGIN CERTIFICATE-----")
    typed(receiver, "cert text " + str(b2a_base64(SECOND).strip(), "ascii")[:120])
    typed(receiver, "cert text " + str(b2a_base64(SECOND).strip(), "ascii")[120:])
    typed(receiver, "cert text -----END CERTIFICATE-----")
    assert typed(receiver, "cert add")[-1] == "OK added; 2 certificates"
    assert list(stored(receiver.board.storage)) == [FIRST, SECOND]


def test_cert_stores_nothing_of_what_is_damaged_and_removes_by_number() -> None:
    receiver = FakeReceiver()
    storage = receiver.board.storage
    replace(storage, [FIRST, SECOND])
    typed(receiver, "cert text abcd")
    assert "nothing is stored" in typed(receiver, "cert add")[-1]
    assert typed(receiver, "cert add")[-1].startswith("ERROR 904 ")  # begin anew
    assert typed(receiver, "cert remove 3")[-1] == 'ERROR 903 "there is no certificate 3"'
    assert typed(receiver, "cert remove 1")[-1] == "OK 1 certificates"
    assert list(stored(storage)) == [SECOND]
    assert typed(receiver, "cert remove all")[-1] == "OK 0 certificates"
    assert storage.size("roots") == -1


def test_status_shows_devices_and_what_the_receiver_says() -> None:
    receiver = FakeReceiver()
    lines = typed(receiver, "status")
    assert "doing            idle" in lines and "paper            present" in lines
    assert (
        "cover            closed" in lines
        and "mail             -" in lines
        and "time             2023-11-14 22:13" in lines
    )
    assert lines[-1] == "OK no faults"
    receiver.faults.enter(NO_PAPER)
    assert typed(receiver, "status")[-1] == "OK 1 faults"


def test_signals_shows_every_row_raw_and_logical() -> None:
    lines = typed(FakeReceiver(), "signals")
    assert lines[0].split() == [
        "SIGNAL",
        "BOARD",
        "CONN.",
        "PIN",
        "DIR.",
        "RAW",
        "STATE",
        "SOURCE",
    ]
    assert lines[1].split() == [
        "nASFB",
        "NCU",
        "PCB",
        "CNJ25",
        "14",
        "-",
        "-",
        "-",
        "manual",
        "p.",
        "46",
    ]
    assert lines[2].split() == ["nPAPER", "NCU", "PCB", "-", "-", "in", "0", "on", "assumed"]
    assert lines[-1] == "OK 2 signals"


def test_signals_explains_one_row() -> None:
    lines = typed(FakeReceiver(), "signals nasfb")
    assert "levels      3.3 V OFF, 0 V ON" in lines and "direction   not given" in lines
    assert typed(FakeReceiver(), "signals x")[-1].startswith("ERROR 903")


def test_poll_asks_for_a_visit() -> None:
    receiver = FakeReceiver()
    assert typed(receiver, "poll") == ["OK a visit is asked for"] and receiver.polls == 1


def test_mail_shows_what_is_unfinished() -> None:
    receiver = FakeReceiver()
    receiver.ledger.intend(b"\x01\x02345678", 1)
    receiver.ledger.complete(b"\x01\x02345678", 1)
    lines = typed(receiver, "mail")
    assert "visits           7" in lines and "mail             -" in lines
    assert (
        "unfinished 0102  1 on paper, page 2 is next" in lines and lines[-1] == "OK 1 unfinished"
    )


def test_param_list_shows_all_and_fits() -> None:
    receiver = FakeReceiver()
    receiver.parameters.set("pop.host", "a-very-long-name.of.a.mail.server.example.com")
    lines = typed(receiver, "param")
    assert len(lines) == len(parameters.TABLE) + 1 and lines[-1] == "OK %d parameters" % len(
        parameters.TABLE
    )
    port = "  pop.port         0                    its TCP port; 0: 995 for tls, else 110"
    assert port in lines
    assert "* pop.host         a-very-long-name.o.. mail server: name or address" in lines
    assert typed(receiver, "param list record.")[-1] == "OK 7 parameters"


def test_every_parameter_has_its_help_and_it_is_not_cut() -> None:
    from firmware.service.commands._parameters import HELP

    assert sorted(HELP) == sorted(parameters.TABLE)
    assert all(0 < len(text) <= 39 for text in HELP.values())


def test_param_tells_the_poller_which_mailbox_may_be_visited_now() -> None:
    receiver = FakeReceiver()
    for line in ("set pop.password new", "set pop3.host mail", "append pop2.token x",
                 "reset pop4.user", "set pop.interval 5", "set record.header off", "get pop.host",
                 "set pop.port x"):
        typed(receiver, "param " + line)
    assert receiver.changed == [(0, "password"), (2, "host"), (1, "token"), (3, "user")]


def test_param_get_set_reset() -> None:
    receiver = FakeReceiver()
    assert typed(receiver, "param get pop.port") == [
        "# its TCP port; 0: 995 for tls, else 110; a number from 0 to 65535",
        "# this is the default",
        "OK pop.port = 0",
    ]
    assert typed(receiver, "param set pop.port 995") == ["OK pop.port = 995"]
    assert receiver.parameters.get("pop.port") == 995
    assert typed(receiver, "param reset pop.port") == ["OK pop.port = 0"]
    assert typed(receiver, "param set pop.port x") == [
        "ERROR 903 \"pop.port must be a number from 0 to 65535, not 'x'\""
    ]
    assert typed(receiver, "param set pop.user two words") == [
        'ERROR 903 "put a value with blanks into quotation marks"'
    ]
    assert typed(receiver, "param get pop.prot") == [
        "ERROR 903 \"there is no parameter 'pop.prot'; 'param list' shows all\""
    ]
    assert typed(receiver, 'param set pop.host ""') == ['OK pop.host = ""']


def test_journal_shows_the_last_events_newest_last() -> None:
    receiver = FakeReceiver()
    receiver.ledger.begin(b"\x01\x02345678", "sales@example.com", "Offer " + "x" * 90)
    receiver.ledger.finish(b"\x01\x02345678", 2, False)
    lines = typed(receiver, "journal")
    assert lines[0].startswith("2023-11-14 22:13 mail       0102 sales@example.com: Offer xxx")
    assert lines[1] == "2023-11-14 22:13 recorded   0102 2 pages" and lines[2] == "OK 2 events"
    assert typed(receiver, "journal 1") == [lines[1], "OK 1 events"]
    assert (
        typed(receiver, "journal 0")[-1] == 'ERROR 903 "the count must be a number from 1 to 200"'
    )


def test_fault_shows_cause_and_advice() -> None:
    receiver = FakeReceiver()
    assert typed(receiver, "fault") == ["OK no faults"]
    receiver.faults.enter(NO_SERVER, "mail.example.com")
    lines = typed(receiver, "fault")
    assert lines[0] == "720 NO MAIL SERVER" and "    detail: mail.example.com" in lines
    assert lines[-2].startswith("    advice: check 'pop.host'") and lines[-1] == "OK 1 faults"
    assert len(typed(receiver, "fault list")) == len(TABLE) + 1
    assert (
        typed(receiver, "fault 10")[0] == "010 ADD PAPER"
        and typed(receiver, "fault 9")[0][:9] == "ERROR 903"
    )


def test_reboot_answers_first_and_spares_a_mail_unless_told() -> None:
    receiver = FakeReceiver()
    receiver.values["mail"] = "1 of 2 from a@example.com"
    assert typed(receiver, "reboot")[-1].startswith("ERROR 904") and receiver.board.resets == 0
    assert typed(receiver, "reboot now") == ["OK restarting"] and receiver.board.resets == 1
    receiver.values["mail"] = ""
    assert typed(receiver, "reboot") == ["OK restarting"] and receiver.board.resets == 2


def test_version_names_firmware_board_and_interpreter() -> None:
    lines = typed(FakeReceiver(), "version")
    assert (
        "firmware     1.2.3" in lines and "board        fake" in lines and lines[-1] == "OK 1.2.3"
    )
