"""What is loaded when it is called (cold.py): functions that a mail and its pages do without."""

from __future__ import annotations

_BOOT = """
firmware.fax.buffers:FaxBuffers.__init__
firmware.receiver:Receiver.__init__
firmware.receiver:Receiver._build_receiving
firmware.receiver:Receiver._build_recording
firmware.receiver:Receiver._open_store
firmware.receiver:Receiver._configure_film
firmware.pop3.conversation:Conversation.__init__
firmware.pop3.mailbox:Visit.__init__
firmware.pop3.poller:Poller.__init__
firmware.text.font:Font._read_head
firmware.text.font:Font.__init__
firmware.store.spool:Spool.__init__
firmware.store.ledger:Ledger.__init__
firmware.store.ledger:Ledger.open
firmware.recording.task:RecordTask.__init__
firmware.recording.document:Recording.__init__
firmware.recording.document:Kept.__init__
firmware.recording.recorder:Recorder.__init__
firmware.recording.sheet:Sheet.__init__
hal.board:Board.__init__
hal.board:open_board
hal.clock:Clock.set
hal.clock:days_since_1970
hal.film:Film.configure
hal.film:Film.__init__
hal.panel:Display._set_up
hal.panel:Keys.__init__
hal.storage:open_filesystem
hal.storage:Storage.__init__
hal.network:Network.__init__
hal.live_signals:LiveSignals.rows
firmware.receiver:Receiver.status
firmware.receiver:Receiver._last_visit
"""
_BEGIN = """
firmware.pop3.conversation:Conversation.connect
firmware.pop3.conversation:Conversation._open_link
firmware.pop3.conversation:Conversation.stls
firmware.pop3.session:Session.stat
firmware.pop3.session:Session.login
firmware.pop3.capability:Capabilities.add
firmware.pop3.names:CachedNames.resolve
firmware.pop3.names:CachedNames.connect
firmware.pop3.names:CachedNames.ask
firmware.pop3.names:CachedNames.start_tls
firmware.pop3.mailbox:Visit._enter
firmware.pop3.mailbox:Visit._suspect
hal.network:Network.connect
hal.network:Network._establish
hal.network:Network.resolve
hal.network:Network.start_tls
hal.network:Network.ask
hal.network:Link.replace
"""
_LISTING = """
firmware.pop3.session:Session.list
firmware.pop3.session:Session.uidl
firmware.pop3.session:Session._listing
firmware.pop3.maildrop:MailWindow.list
firmware.pop3.serving:Serving.__init__
"""
_END = """
firmware.pop3.mailbox:Visit._leave
firmware.pop3.mailbox:Visit._remember
firmware.pop3.mailbox:Visit._lose_trust
firmware.pop3.mailbox:Visit._tell_ledger
firmware.pop3.poller:Poller._learn
firmware.pop3.poller:Poller.changed
firmware.pop3.poller:Poller.forgive
firmware.store.ledger:Ledger.forget_others
firmware.receiving:Receiving._tell
firmware.receiving:Receiving.reports
firmware.reporting:Reporter.visit_ends
"""
_TROUBLE = """
firmware.pop3.serving:Serving._too_large
firmware.pop3.serving:Serving._serve_doubtful
firmware.pop3.serving:Serving._look_at_ending
firmware.operation:PanelTask._pressed
firmware.recording.document:Recording._unprintable
firmware.recording.recorder:Recorder._clear_path
firmware.fax.page:FaxPage._reconsider
firmware.fax.page:FaxPage._beyond
"""
_AGAIN = """
firmware.fax.tiff:TiffReader.walker
firmware.fax.tiff:TiffReader.go_on
firmware.fax.tiff:TiffReader._kept_page
firmware.recording.document:Kept.begin
firmware.recording.document:Kept.empty
firmware.recording.document:Recording.keep
firmware.recording.document:Recording._first_part
firmware.recording.fax_part:FaxPart._beyond
firmware.recording.fax_part:FaxPart._learning
"""
_STORE = """
firmware.store.record_log:RecordLog.rewrite
firmware.store.record_log:RecordLog.records
firmware.store.record_log:RecordLog._gather
firmware.store.record_log:RecordLog._drop_small
firmware.store.record_log:RecordLog._look_again
firmware.store.record_log:RecordLog._heed_mark
firmware.store.ledger:Ledger.compact
firmware.store.ledger:Ledger.over_again
firmware.store.ledger:Ledger.retract
firmware.store.ledger:Ledger.retract_latest
firmware.store.ledger:Ledger.heal
firmware.store.ledger:Ledger._make_room
firmware.store.ledger:Ledger.unfinished
firmware.store.ledger_records:latest
firmware.store.ledger_records:standing
hal.storage:Storage.rebuild
"""
GROUPS = {
    "boot": _BOOT.split(),
    "begin": _BEGIN.split(),
    "listing": _LISTING.split(),
    "end": _END.split(),
    "trouble": _TROUBLE.split(),
    "again": _AGAIN.split(),
    "store": _STORE.split(),
}
