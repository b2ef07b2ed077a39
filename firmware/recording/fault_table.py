"""What each information code means: loaded when a fault is told, and dropped again."""

from __future__ import annotations

from firmware.recording import faults

# code: (short text for the panel, at most 16 characters; cause; what to do)
TABLE = {
    faults.JAM: (
        "PAPER JAM",
        "a sheet did not move as it should",
        "open the cover, take the sheet out, close the cover",
    ),
    faults.NO_PAPER: ("ADD PAPER", "the feeder is empty", "load paper into the feeder"),
    faults.FILM_END: (
        "REPLACE INK FILM",
        "the end mark of the ink film was seen",
        "fit a new ink film",
    ),
    faults.CALIBRATION: (
        "CALIBRATE SENSOR",
        "the ink mark sensor is not calibrated",
        "read it dark and bright, set 'film.dark' and 'film.bright'",
    ),
    faults.COVER_OPEN: ("CLOSE COVER", "a cover is open", "close the cover"),
    faults.STORAGE: (
        "MEMORY FAULT",
        "flash memory could not be read or written",
        "restart; if it comes again, call service",
    ),
    faults.PARAMETER: (
        "PARAMETER RESET",
        "a stored parameter was not valid; its default is used",
        "check it with 'param list'",
    ),
    faults.LEDGER_FULL: (
        "MAILBOX TOO FULL",
        "the mailbox keeps more mails than can be remembered",
        "empty the mailbox or set 'pop.delete' to after-record",
    ),
    faults.SAME_MAIL: (
        "SAME MAIL AGAIN?",
        "mails that are on paper came again under other unique-ids and are held",
        "start or 'mail print' prints them, stop or 'mail taken' takes them for printed",
    ),
    faults.RESTARTED: (
        "RESTARTED",
        "the watchdog or a program fault restarted the machine",
        "tell service what was going on",
    ),
    faults.SAFE_STATE: (
        "NOT RECEIVING",
        "the machine restarted again and again and has stopped receiving",
        "start or 'reboot' lets it try again; see 'journal', and call service",
    ),
    faults.MAIL_DAMAGED: (
        "MAIL DAMAGED",
        "a mail part is damaged",
        "ask the sender to send again",
    ),
    faults.TIFF_DAMAGED: (
        "FAX FILE DAMAGED",
        "a TIFF file is damaged",
        "ask the sender to send again",
    ),
    faults.TIFF_UNSUPPORTED: (
        "FAX FILE UNKNOWN",
        "a TIFF file of a kind that can't be recorded",
        "ask the sender for TIFF profile S or F",
    ),
    faults.CODING_DAMAGED: (
        "FAX PAGE DAMAGED",
        "lines of a fax page are damaged",
        "ask the sender to send again",
    ),
    faults.PART_UNSUPPORTED: (
        "ATTACHMENT KIND?",
        "an attachment of a kind that can't be recorded",
        "ask the sender for TIFF or plain text",
    ),
    faults.MAIL_TOO_LARGE: (
        "MAIL TOO LARGE",
        "a mail is larger than 'pop.max_kb' allows",
        "read it with a PC, or raise 'pop.max_kb'",
    ),
    faults.NETWORK_DOWN: (
        "NO NETWORK",
        "the network cable or the address is missing",
        "check the cable and the network",
    ),
    faults.NO_NAME: (
        "SERVER NAME?",
        "the name of the mail server was not found",
        "check 'pop.host' and the name server",
    ),
    faults.NO_SERVER: (
        "NO MAIL SERVER",
        "the mail server can't be reached",
        "check 'pop.host', 'pop.port' and the network",
    ),
    faults.LOGIN_REFUSED: (
        "LOGIN REFUSED",
        "the mail server refused user name or password",
        "check 'pop.user' and 'pop.password'",
    ),
    faults.SERVER_REFUSED: (
        "MAIL SERVER BUSY",
        "the mail server refused a command",
        "it is tried again; else ask its operator",
    ),
    faults.SERVER_BROKE_OFF: (
        "CONNECTION LOST",
        "the mail server broke the connection off",
        "it is tried again by itself",
    ),
    faults.SERVER_SILENT: (
        "SERVER SILENT",
        "the mail server did not answer in time",
        "it is tried again by itself",
    ),
    faults.PROTOCOL: (
        "NO POP3 SERVER",
        "the answer is not POP3 or is too long",
        "check 'pop.host' and 'pop.port'",
    ),
    faults.NOT_CONFIGURED: (
        "SET UP MAILBOX",
        "no mailbox is set",
        "set 'pop.host', 'pop.user' and 'pop.password'",
    ),
    faults.MESSAGE_REFUSED: (
        "MAIL NOT SENT",
        "the mail server refused to send one mail",
        "look into the mailbox with a PC",
    ),
    faults.NO_LOGIN_METHOD: (
        "LOGIN METHOD?",
        "no login method suits the server, the parameters and the connection",
        "check 'pop.login'; use TLS",
    ),
    faults.SERVER_FALSE: (
        "FALSE SERVER",
        "the mail server could not prove that it knows the password",
        "check 'pop.host' and the network; ask the server's operator",
    ),
    faults.TLS_FAILED: (
        "NO SECURE LINE",
        "no secure connection (TLS) could be made with the mail server",
        "check 'pop.security' and 'pop.port'; else ask the server's operator",
    ),
    faults.STLS_NOT_OFFERED: (
        "NO STLS OFFERED",
        "the mail server refuses STLS, and without it nothing is sent",
        "set 'pop.security' to tls, or ask the server's operator",
    ),
    faults.TAMPERED: (
        "LINE TAMPERED",
        "something stood behind the mail server's answer to STLS",
        "let somebody look at the network between here and the server",
    ),
    faults.CERTIFICATE_UNTRUSTED: (
        "CERT UNTRUSTED",
        "no stored authority has signed the mail server's certificate",
        "store the right one with 'cert', or set 'pop.pin'",
    ),
    faults.CERTIFICATE_NAME: (
        "CERT WRONG NAME",
        "the mail server's certificate is for another name",
        "set 'pop.host' to a name in the certificate",
    ),
    faults.CERTIFICATE_DATE: (
        "CERT OUT OF DATE",
        "the mail server's certificate is not valid today",
        "check date and time; else ask the server's operator",
    ),
    faults.CERTIFICATE_PIN: (
        "CERT NOT PINNED",
        "the mail server's certificate is not the one of 'pop.pin'",
        "ask the server's operator whether it was renewed, then set 'pop.pin'",
    ),
    faults.NO_CERTIFICATES: (
        "STORE CA CERT",
        "there is nothing to check the mail server's certificate by",
        "store the authority's with 'cert', or set 'pop.pin'",
    ),
    faults.CLOCK_NOT_SET: (
        "CLOCK NOT SET",
        "the clock could not be set, and certificates are checked by it",
        "check 'clock.sntp' and the network",
    ),
    faults.PLAIN_REFUSED: (
        "NO ENCRYPTION",
        "the password would be sent without encryption",
        "set 'pop.security' to tls or stls, or 'pop.allow_plain' on",
    ),
    faults.MAILBOX_IN_USE: (
        "MAILBOX IN USE",
        "another program has the mailbox open",
        "it is tried again by itself; else close the other mail program",
    ),
    faults.LOGIN_TOO_SOON: (
        "VISITED TOO SOON",
        "the mail server wants more time between visits",
        "it is tried again by itself, and later; else raise 'pop.interval'",
    ),
    faults.SERVER_TROUBLE: (
        "SERVER TROUBLE",
        "the mail server has a trouble of its own that will pass",
        "it is tried again by itself",
    ),
    faults.MAILBOX_CLOSED: (
        "MAILBOX CLOSED",
        "the mail server says that only its operator can help",
        "call the operator of the mailbox, then press start",
    ),
    faults.MAIL_EXPIRES: (
        "MAIL EXPIRES",
        "the mail server deletes mails sooner than 'pop.delete' says",
        "set 'pop.delete' to after-record, or ask the server's operator",
    ),
    faults.SPOOL_SMALL: (
        "FAX TOO LARGE",
        "a page needs more memory than there is",
        "ask the sender for smaller pages",
    ),
}


def sentence(code: int, detail: str) -> str:
    """See `faults.sentence`."""
    _short, cause, advice = TABLE[code]
    return "%03d %s%s: %s" % (code, cause, " (" + detail + ")" if detail else "", advice)


def panel_text(code: int) -> str:
    """See `faults.panel_text`."""
    return "%s %03d" % (TABLE[code][0], code)
