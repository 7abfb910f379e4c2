# SPDX-License-Identifier: Apache-2.0
"""Debian's slapd as a plain process on a port of its own, with a certificate made for the test."""

import shutil
import socket
import subprocess
from contextlib import closing

import kx

BASE = "dc=example,dc=test"
ADMIN = f"cn=admin,{BASE}"
ADMIN_PASSWORD = "the directory's secret"
READER = f"cn=reader,{BASE}"
READER_PASSWORD = "only for reading"

CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
include {schema}
{more}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {base}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSCACertificateFile {certificate}
sizelimit 500
database mdb
maxsize 33554432
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory {base}/data
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by anonymous auth by * none
limits dn.exact="{reader}" size.prtotal=unlimited
"""

TREE = f"""\
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {READER_PASSWORD}

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

"""


def make_certificate(base, name):
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    certificate, key = base / f"{name}.crt", base / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    return certificate, key


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def dn_of(uid):
    return f"uid={uid},ou=people,{BASE}"


def person(uid, password=None, **attributes):
    """An inetOrgPerson as LDIF; an attribute may have a list of values."""
    values = {"cn": uid.capitalize(), "sn": uid.capitalize(), "mail": f"{uid}@example.test", **attributes}
    lines = [f"dn: {dn_of(uid)}", "objectClass: inetOrgPerson", f"uid: {uid}", f"userPassword: {password or kx.password_of(uid)}"]
    for name, value in values.items():
        lines += [f"{name}: {one}" for one in (value if isinstance(value, list) else [value])]
    return "\n".join(lines) + "\n\n"


# What entries of other makers' directories have beside the usual schemas, as far as it is asked for.
ACTIVE_DIRECTORY = """\
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.868 NAME 'isCriticalSystemObject' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL MUST ( sAMAccountName $ userAccountControl $ objectCategory ) MAY ( isCriticalSystemObject $ proxyAddresses ) )
"""
EDIRECTORY = """\
attributetype ( 2.16.840.1.113719.1.1.4.1.11 NAME 'fullName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 2.16.840.1.113719.1.1.4.1.22 NAME 'loginDisabled' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
objectclass ( 2.16.840.1.113719.1.1.6.1.99 NAME 'ndsPerson' SUP top AUXILIARY MAY ( fullName $ loginDisabled ) )
"""


class Slapd:
    """`schema`: more of it, as text."""

    def __init__(self, base, certificate, key, schema=""):
        self.base, self.certificate = base, certificate
        base.mkdir()
        (base / "data").mkdir()
        # A copy, so that a profile of AppArmor for the installed one does not keep it from the test's files.
        self.program = base / "slapd"
        shutil.copy("/usr/sbin/slapd", self.program)
        self.config = base / "slapd.conf"
        self.config.write_text(CONFIG.format(base=base, certificate=certificate, key=key, suffix=BASE, admin=ADMIN,
                                             password=ADMIN_PASSWORD, reader=READER,
                                             schema=kx.ROOT / "packaging/ldap/keryx.schema", more=schema))
        self.port, self.tls_port = free_port(), free_port()
        self.process = None
        subprocess.run([self.program, "-T", "add", "-f", self.config], input=TREE, text=True, check=True,
                       capture_output=True)

    @property
    def tls(self):
        return f"127.0.0.1:{self.tls_port}"

    @property
    def plain(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        urls = f"ldap://{self.plain}/ ldaps://{self.tls}/"
        self.process = subprocess.Popen([self.program, "-f", self.config, "-h", urls, "-d", "0"],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port in (self.port, self.tls_port):
            kx.wait_until(lambda: self.answers(port), what="slapd")  # noqa: B023 (called at once)

    def answers(self, port):
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def _client(self, program, *arguments, stdin=None):
        done = subprocess.run([program, "-x", "-H", f"ldap://{self.plain}/", "-D", ADMIN, "-w", ADMIN_PASSWORD,
                               *arguments], input=stdin, text=True, capture_output=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add(self, *ldif):
        self._client("ldapadd", stdin="".join(ldif))

    def modify(self, ldif):
        self._client("ldapmodify", stdin=ldif)

    def delete(self, dn):
        self._client("ldapdelete", dn)
