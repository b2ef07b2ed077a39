"""What is loaded when it is called, and stays where there is room (cold.py): what a mail, one of
its parts, a page or a line of text calls a few times; nothing that is called for a buffer of a
fax, a strip, its lines, or while the machine has nothing to do. What runs as long as a page or a
mail is recorded is not here: it would be in memory at the worst moment anyway.
"""

from __future__ import annotations

_DAMAGE = """
firmware.fax.ccitt:CcittDecoder._damage
firmware.fax.ccitt:CcittDecoder._extended
firmware.fax.ccitt:CcittDecoder._repeat
firmware.fax.ccitt:CcittDecoder._ended
firmware.fax.ccitt:CcittDecoder._end_of_data
firmware.fax.ccitt:CcittDecoder._find_line
firmware.fax.ccitt:CcittDecoder._at_eol
firmware.fax.ccitt:CcittDecoder._nothing_yet
"""
_FIELDS = """
firmware.mail.block:HeaderBlock.read
firmware.mail.block:HeaderBlock.begin
firmware.mail.message:MessageReader._end_header
firmware.mail.message:MessageReader._read_header
firmware.mail.message:MessageReader._begin_header
firmware.mail.header:Part.take
firmware.mail.header:Envelope.take
firmware.mail.header:Envelope._from
firmware.mail.block:HeaderBlock.__init__
firmware.mail.message:MessageReader.__init__
firmware.mail.header:Part.__init__
firmware.mail.header:Envelope.__init__
firmware.mail.message:MessageReader.begin
firmware.mail.block:HeaderBlock._no_field
"""
_PARTS = """
firmware.mail.message:MessageReader._begin_leaf
firmware.mail.message:MessageReader._descend
firmware.mail.message:MessageReader._group
firmware.mail.message:MessageReader._delimiter
firmware.mail.message:MessageReader._leave
firmware.mail.message:MessageReader._end_leaf
firmware.mail.message:MessageReader._first_line
firmware.mail.message:MessageReader.close
firmware.mail.transfer:Transfer.begin
firmware.mail.transfer:Transfer.finish
firmware.mail.boundary:Level.__init__
firmware.mail.boundary:Boundaries.__init__
firmware.mail.transfer:Transfer.__init__
firmware.mail.boundary:Boundaries.judge
firmware.mail.message:MessageReader._part_within
"""
_TALK = """
firmware.pop3.conversation:Conversation.command
firmware.pop3.conversation:Conversation._ready
firmware.pop3.conversation:Conversation._status
firmware.pop3.conversation:Conversation.flush
firmware.pop3.session:Session.retr
firmware.pop3.conversation:Conversation._check_state
firmware.pop3.conversation:Conversation.ahead
firmware.pop3.session:Session._begin_body
firmware.pop3.session:Session._required
firmware.pop3.session:Session.quit
firmware.pop3.conversation:Conversation._note
firmware.pop3.session:Session.dele
firmware.pop3.session:Session.noop
firmware.pop3.reply:ReplyReader.status
firmware.pop3.body:Body.__init__
"""
_SERVE = """
firmware.pop3.serving:Serving._ask_for
firmware.pop3.serving:Serving._check_step
firmware.pop3.serving:Serving._finish
firmware.pop3.serving:Serving._is_finished
firmware.pop3.serving:Serving._may_delete
firmware.pop3.serving:Serving._send
firmware.pop3.serving:Serving._fill
firmware.pop3.serving:Serving._limit
firmware.pop3.serving:Serving._quit_ahead
firmware.pop3.serving:Serving.may_quit
firmware.pop3.maildrop:MailWindow.identify
firmware.pop3.maildrop:MailWindow.set_key
firmware.pop3.identity:uid_key
firmware.pop3.maildrop:MailWindow.has
firmware.pop3.maildrop:MailWindow.size
firmware.pop3.maildrop:MailWindow.key
firmware.store.ledger:Ledger.is_finished
firmware.store.ledger:Ledger.pages_done
firmware.store.mail_index:MailIndex.key
firmware.store.mail_index:MailIndex.pages
firmware.pop3.maildrop:MailWindow.set
firmware.pop3.maildrop:MailWindow._clear
"""
_ENDS = """
firmware.pop3.body:Body._look_behind
firmware.pop3.body:Body._may_be_an_answer
firmware.pop3.body:Body._may_end_here
firmware.pop3.body:Body._ends_properly
firmware.pop3.body:Body.drain
"""
_SHEET = """
firmware.recording.recorder:Recorder.begin
firmware.recording.recorder:Recorder.end
firmware.recording.recorder:Recorder.ready
firmware.recording.recorder:Recorder.finish_lines
firmware.recording.sheet:Sheet._start
firmware.recording.sheet:Sheet.finish
firmware.recording.sheet:Sheet._let_out
firmware.recording.sheet:Sheet._left
firmware.recording.sheet:Sheet._band_of_page
firmware.recording.sheet:Sheet._settle
firmware.recording.sheet:Sheet._is_duplicate
firmware.recording.sheet:Sheet.prepare
firmware.recording.page:HeaderBand._paint
firmware.recording.page:HeaderBand.record
firmware.recording.page:page_text
hal.asf:Asf.feed
hal.asf:Asf._pick_one
hal.asf:Asf.eject
hal.head:Head.feed_lines
firmware.recording.recorder:Recorder.feed
firmware.recording.sheet:Sheet.feed
"""
_JOB = """
firmware.recording.task:RecordTask._layout
firmware.recording.task:RecordTask._finish
firmware.recording.again:SameMail.judge
firmware.recording.again:digest_of
firmware.recording.document:Recording._close
firmware.recording.document:Recording._part_of
firmware.recording.document:Recording._kind_of
firmware.recording.document:Recording.too_many
firmware.recording.document:Recording._forget
firmware.recording.document:Recording._fill
firmware.recording.document:Recording.unload
firmware.recording.job:Job.begin_part
firmware.recording.job:Job.slot
firmware.recording.job:Job.end_part
firmware.recording.job:Job.settle
firmware.recording.sheet:Sheet.begin_mail
firmware.recording.job:Job.__init__
firmware.recording.job:Job.data
firmware.recording.job:Slot.__init__
firmware.recording.document:Row.__init__
"""
_RECORD = """
firmware.store.ledger:Ledger.flush
firmware.store.ledger:Ledger.finish
firmware.store.ledger:Ledger.begin
firmware.store.ledger:Ledger.same_again
firmware.store.ledger:Ledger.deleted
firmware.store.ledger:Ledger.complete
firmware.store.ledger:Ledger.intend
firmware.store.ledger:Ledger.may_be_on_paper
firmware.store.ledger:Ledger.layout
firmware.store.ledger:Ledger.note
firmware.store.ledger:Ledger.wants_compacting
firmware.store.ledger:Ledger._timed
firmware.store.record_log:RecordLog.append
firmware.store.record_log:_framed
firmware.store.mail_index:MailIndex._raise
firmware.store.mail_index:MailIndex.put
firmware.store.mail_index:MailIndex.add
firmware.store.mail_index:MailIndex.set_flags
firmware.store.mail_index:MailIndex.set_digest
firmware.store.mail_index:MailIndex.digest
firmware.store.mail_index:MailIndex.set_intent
firmware.store.mail_index:MailIndex.set_pages
firmware.store.spool:Spool.begin
firmware.store.spool:Spool.finish
firmware.store.spool:Spool.abandon
firmware.store.spool:Spool.erase_ahead
hal.storage:Storage.append
hal.storage:Storage.mark
hal.witness:Witness.enter
hal.witness:Witness.number
hal.storage:Storage.size
"""
_TELL = """
firmware.reporting:Reporter.mail_begins
firmware.reporting:Reporter.page
firmware.reporting:Reporter.mail_ends
"""
_DIRECTORY = """
firmware.fax.directory:Directory._column
firmware.fax.directory:Directory.complete
firmware.fax.directory:Directory._load
firmware.fax.directory:Directory._behind
firmware.fax.directory:Directory._resolution
firmware.fax.directory:Directory._check
firmware.fax.directory:Directory.table_start
firmware.fax.directory:Octets.read
firmware.fax.directory:_is_fax
firmware.fax.tiff:TiffReader._entries
firmware.fax.tiff:TiffReader.open
firmware.fax.tiff:TiffReader._visit
firmware.fax.tiff:TiffReader.next_page
firmware.fax.tiff:TiffReader._page
firmware.fax.tiff:TiffReader._link
firmware.fax.tiff:TiffReader._count
firmware.fax.tiff:TiffReader._kept_page
firmware.fax.raster:page_fit
firmware.fax.raster:resolution
firmware.fax.raster:plain_fit
firmware.fax.directory:Directory.__init__
firmware.fax.directory:Octets.__init__
firmware.fax.directory:Entry.__init__
firmware.fax.tiff:TiffReader.__init__
firmware.fax.raster:Fit.__init__
"""
_PAGE = """
firmware.fax.page:FaxPage._begin
firmware.fax.page:FaxPage._beyond
firmware.recording.fax_part:FaxPart._reader
firmware.recording.fax_part:FaxPart._judge
firmware.recording.fax_part:FaxPart._total
firmware.recording.fax_part:FaxPart._astray
firmware.fax.page:FaxPage.__init__
firmware.fax.page:Quality.__init__
firmware.fax.coded:Coded.__init__
firmware.recording.fax_part:FaxPart.__init__
firmware.recording.fax_part:FaxPart.close
"""
_PLOTTER = """
firmware.fax.plotter:Plotter.begin
firmware.fax.plotter:Plotter.start
firmware.fax.plotter:Plotter.__init__
"""
_LINES = """
firmware.fax.lines:LineQueue.begin_page
firmware.fax.lines:LineQueue.blank
firmware.fax.lines:LineQueue.__init__
"""
_ANSWERS = """
firmware.pop3.parsing:number_at
firmware.pop3.parsing:after_blanks
firmware.pop3.parsing:is_printable
firmware.pop3.parsing:response_code
firmware.pop3.conversation:_line
firmware.pop3.reply:ReplyReader.line
firmware.pop3.reply:ReplyReader.line_here
"""
_LETTERS = """
firmware.text.cells:columns_of
firmware.text.cells:code_at
firmware.text.cells:octets_of
firmware.text.cells:Label._append
firmware.text.canvas:Canvas._paint_line
firmware.text.canvas:Canvas.draw
"""
_TEXT = """
firmware.mail.message:MessageReader._text
firmware.mail.message:MessageReader._text_end
"""
_PIECE = """
firmware.store.part_source:PartSource.__init__
firmware.store.part_source:PartSource.skip
firmware.store.part_source:PartSource.close
firmware.store.part_source:PartSource.let_go
firmware.store.spool:Spool.arriving
firmware.store.spool:Spool.arrival
"""
GROUPS = {
    "damage": _DAMAGE.split(),
    "fields": _FIELDS.split(),
    "parts": _PARTS.split(),
    "talk": _TALK.split(),
    "serve": _SERVE.split(),
    "ends": _ENDS.split(),
    "sheet": _SHEET.split(),
    "job": _JOB.split(),
    "record": _RECORD.split(),
    "tell": _TELL.split(),
    "directory": _DIRECTORY.split(),
    "page": _PAGE.split(),
    "plotter": _PLOTTER.split(),
    "lines": _LINES.split(),
    "answers": _ANSWERS.split(),
    "letters": _LETTERS.split(),
    "text": _TEXT.split(),
    "piece": _PIECE.split(),
}
