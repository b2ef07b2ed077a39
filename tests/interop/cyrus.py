"""Cyrus's POP3 server, which runs under a master of its own, has its own accounts (sasldb) and its
own kind of mail spool. All of it in the cage; nothing of it is installed.
"""
from __future__ import annotations

PACKAGES = (
    "cyrus-pop3d", "cyrus-common", "sasl2-bin", "libsasl2-2", "libsasl2-modules",
    "libsasl2-modules-db", "libdb5.3", "libical3", "libicu72", "libjansson4", "libldap-2.5-0",
    "libnsl2", "libpcre3", "libpq5", "libsqlite3-0", "libwrap0", "libxapian30", "libxml2")

FILES = {
    "imapd.conf": """configdirectory: /srv/fax/conf
partition-default: /srv/fax/spool
defaultpartition: default
mailbox_legacy_dirs: yes
autocreate_quota: 0
expunge_mode: immediate
delete_mode: immediate
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: PLAIN
sasl_sasldb_path: /etc/sasldb2
allowplaintext: yes
servername: desk
sync_log: 0
""",
    "cyrus.conf": """START {
  recover cmd="ctl_cyrusdb -r"
}
SERVICES {
  pop3 cmd="pop3d" listen="127.0.0.1:110" prefork=1 maxchild=20
}
EVENTS {
}
""",
}
BEFORE = """set -e
export PATH=$PATH:/usr/lib/cyrus/bin
mkdir -p /srv/fax/conf /srv/fax/spool /run/cyrus
cd /srv/fax/conf
mkdir -p proc socket db user quota log msg backup lock sieve
printf %s 'secret word' | saslpasswd2 -f /etc/sasldb2 -c -p -u desk fax
chown -R cyrus:mail /srv/fax/conf /srv/fax/spool /run/cyrus /etc/sasldb2
/usr/lib/cyrus/bin/master -C /etc/imapd.conf -M /etc/cyrus.conf -p /run/cyrus/pid </dev/null >&2 &
"""
# the mailbox comes with the first login; mails that are laid into it are found by `reconstruct`
EACH = """cd /srv/fax
[ -d spool/user/fax ] || python3 -c "import poplib; fax = poplib.POP3('127.0.0.1')
fax.user('fax'); fax.pass_('secret word'); fax.quit()"
[ -e new/1. ] || exit 0
mv new/* spool/user/fax/
chown -R cyrus:mail spool/user/fax
/usr/lib/cyrus/bin/reconstruct user/fax
"""
