"""Parameters: defaults, ranges, clear refusals, secrets, and what survives a bad flash."""

from __future__ import annotations

from firmware.recording.faults import STORAGE, Fault
from firmware.store import parameter_file as module
from firmware.store.parameter_table import TABLE
from firmware.store.parameters import Parameters, key_of
from tests.unit.store_support import FakeStorage
from tests.unit.support import raises


def loaded(storage: FakeStorage) -> Parameters:
    parameters = Parameters(storage)
    assert parameters.load() == []
    return parameters


def refusal(name: str, text: str) -> str:
    storage = FakeStorage()
    error = raises(ValueError, loaded(storage).set, name, text)
    assert storage.files == {}
    return str(error)


def test_a_new_machine_has_the_defaults() -> None:
    parameters = loaded(FakeStorage())
    assert parameters.get("pop.port") == 0 and parameters.get("pop.host") == ""
    assert parameters.get("pop.interval") == 3 and parameters.get("record.cut_mm") == 6
    assert (
        parameters.get("pop.delete") == "after-record" and parameters.get("record.header") is True
    )
    raises(KeyError, parameters.get, "pop.prot")


def test_every_default_is_known_by_a_key_of_its_own() -> None:
    assert len({key_of(name) for name in TABLE}) == len(TABLE)
    parameters = loaded(FakeStorage())
    assert [parameters.get(name) for name in TABLE] == [row[1] for row in TABLE.values()]


def test_every_default_is_one_that_could_be_set() -> None:
    parameters = loaded(FakeStorage())
    for name in module.names():
        kind, default = TABLE[name][:2]
        if kind != "secret":
            assert module.parse(name, parameters.text(name)) == default, name


def test_what_was_set_stands_after_a_restart() -> None:
    storage = FakeStorage()
    parameters = loaded(storage)
    values = {
        "pop.host": "mail.example.com",
        "pop.password": "p=\u00e4 ss #1",
        "pop.port": "995",
        "record.header": "off",
        "clock.zone_min": "-720",
        "pop.delete": "never",
    }
    for name in values:
        parameters.set(name, values[name])
    parameters = loaded(storage)
    assert parameters.get("pop.host") == "mail.example.com" and parameters.get("pop.port") == 995
    assert (
        parameters.get("pop.password") == "p=\u00e4 ss #1"
        and parameters.get("record.header") is False
    )
    assert parameters.get("clock.zone_min") == -720 and parameters.get("pop.delete") == "never"


def test_reset_brings_the_default_back_for_good() -> None:
    storage = FakeStorage()
    parameters = loaded(storage)
    parameters.set("pop.port", "995")
    assert parameters.is_set("pop.port")
    parameters.reset("pop.port")
    assert parameters.get("pop.port") == 0 and not parameters.is_set("pop.port")
    assert loaded(storage).get("pop.port") == 0


def test_a_refusal_says_what_is_wrong_and_what_is_allowed() -> None:
    assert refusal("pop.connect_s", "0") == (
        "pop.connect_s must be a number from 1 to 300, not '0'"
    )
    assert refusal("pop.port", "99999999999999") == (
        "pop.port must be a number from 0 to 65535, not '99999999999999'"
    )
    assert refusal("pop.unreadable", "x") == "pop.unreadable must be delete or keep, not 'x'"
    assert refusal("record.header", "1") == "record.header must be on or off, not '1'"
    assert (
        refusal("clock.zone_min", "-")
        == "clock.zone_min must be a number from -720 to 840, not '-'"
    )
    assert refusal("pop.prot", "1") == "there is no parameter 'pop.prot'; 'param list' shows all"
    assert refusal("pop.host", "a\r\nb") == "pop.host can't hold control characters"
    assert refusal("pop.host", "a b") == "pop.host can't hold blanks"
    assert refusal("pop.user", "u" * 101) == "pop.user must have at most 100 characters, not 101"


def test_a_fingerprint_is_64_hex_digits_in_any_spelling_or_nothing() -> None:
    storage = FakeStorage()
    parameters = loaded(storage)
    digits = "00ff" * 16
    parameters.set("pop.pin", ":".join([digits[at : at + 2].upper() for at in range(0, 64, 2)]))
    assert loaded(storage).get("pop.pin") == digits
    parameters.set("pop.pin", "")
    assert parameters.get("pop.pin") == ""
    words = "pop.pin must be a SHA-256 fingerprint, 64 hex digits, or empty, not '%s'"
    for wrong in ("0", "g" * 64, "0" * 40):
        assert refusal("pop.pin", wrong) == words % wrong[:40]


def test_without_a_word_from_anybody_the_mailbox_is_visited_by_tls() -> None:
    parameters = loaded(FakeStorage())
    assert parameters.get("pop.security") == "tls"
    assert parameters.get("pop.allow_plain") is False and parameters.get("pop.pin") == ""


def test_secrets_are_never_shown() -> None:
    parameters = loaded(FakeStorage())
    assert parameters.text("pop.password") == ""
    parameters.set("pop.password", "hush")
    assert parameters.text("pop.password") == "****" and parameters.get("pop.password") == "hush"
    assert "hush" not in refusal("pop.password", "hush\n") + refusal("pop.password", "hush" * 50)


def test_more_than_the_file_holds_is_refused() -> None:
    parameters = loaded(FakeStorage())
    parameters.set("pop.token", "t" * 5000)
    text = str(raises(ValueError, parameters.set, "pop2.token", "t" * 5000))
    assert "8192 octets" in text and parameters.get("pop2.token") == ""
    assert parameters.get("pop.token") == "t" * 5000


def test_a_damaged_value_falls_back_and_the_others_stand() -> None:
    storage = FakeStorage()
    parameters = loaded(storage)
    parameters.set("pop.host", "mail.example.com")
    parameters.set("pop.port", "995")
    whole = bytes(storage.files["parameters"])
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 1
        storage.files["parameters"] = data
        parameters = Parameters(storage)
        assert len(parameters.load()) >= 1, at
        right = (parameters.get("pop.host") == "mail.example.com") + (
            parameters.get("pop.port") == 995
        )
        assert right >= 1 or whole[at] == 10  # two lines in one
        assert parameters.get("pop.host") in ("", "mail.example.com")
        assert parameters.get("pop.port") in (0, 995)


def test_a_shortened_file_is_noticed() -> None:
    storage = FakeStorage()
    parameters = loaded(storage)
    parameters.set("pop.delete", "never")
    parameters.set("pop.port", "995")
    lines = bytes(storage.files["parameters"]).split(b"\n")
    storage.files["parameters"] = bytearray(lines[0] + b"\n")
    problems = Parameters(storage).load()
    assert problems == ["stored parameters are missing; their defaults are used"]


def test_a_stored_value_out_of_range_falls_back_and_is_named() -> None:
    storage = FakeStorage()
    storage.files["parameters"] = bytearray(
        module._line("pop.port", "99999")
        + module._line("pop.old", "1")
        + module._line("end", "2")
    )
    parameters = Parameters(storage)
    assert parameters.load() == [
        "stored: pop.port must be a number from 0 to 65535, not '99999'",
        "stored: there is no parameter 'pop.old'; 'param list' shows all",
    ]
    assert parameters.get("pop.port") == 0


def test_what_could_not_be_stored_is_not_in_force() -> None:
    storage = FakeStorage()
    parameters = loaded(storage)
    storage.fail = True
    assert raises(Fault, parameters.set, "pop.port", "995").code == STORAGE
    assert parameters.get("pop.port") == 0
    storage.fail_read = 9
    storage.files["parameters"] = bytearray(b"x")
    assert "can't be read" in parameters.load()[0]


def test_mailboxes_2_to_4_share_the_rows_of_the_first() -> None:
    parameters = loaded(FakeStorage())
    parameters.set("pop3.host", "mail.example.org")
    parameters.set("pop.interval", "9")
    third = parameters.of_mailbox(2)
    assert third.get("pop.host") == "mail.example.org" and third.get("pop.interval") == 3
    assert third.get("record.cut_mm") == 6 and parameters.get("pop.host") == ""
    assert parameters.of_mailbox(0).get("pop.interval") == 9
    for name in ("pop1.host", "pop5.host", "pop2.film", "pop22.host", "pop2host"):
        assert "there is no parameter" in refusal(name, "1")
    assert module.names("pop4.h") == ["pop4.host"]
    assert not [name for name in module.names() if name[:4] == "pop2"]
