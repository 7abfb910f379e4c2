# SPDX-License-Identifier: Apache-2.0
"""An authority that gives certificates to clients, good ones and others."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

SMTP_UTF8_MAILBOX = ObjectIdentifier("1.3.6.1.5.5.7.8.9")
DAY = datetime.timedelta(days=1)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def utf8_mailbox(address):
    text = address.encode()
    return x509.OtherName(SMTP_UTF8_MAILBOX, bytes([12, len(text)]) + text)


def pem(*certificates):
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates).decode()


class Authority:
    """Signed by itself, or by another one."""

    def __init__(self, name, above=None):
        self.key, self.above = ec.generate_private_key(ec.SECP256R1()), above
        builder = x509.CertificateBuilder().subject_name(name_of(name)).issuer_name(
            above.certificate.subject if above else name_of(name)).public_key(self.key.public_key()).serial_number(
            x509.random_serial_number()).not_valid_before(now() - DAY).not_valid_after(now() + 30 * DAY).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = builder.sign((above or self).key, hashes.SHA256())

    def pem(self):
        return pem(self.certificate)

    def chain(self):
        """Those between its certificates and the one that is signed by itself."""
        return [self.certificate, *self.above.chain()] if self.above else []

    def issue(self, *addresses, usage=ExtendedKeyUsageOID.CLIENT_AUTH, begin=None, end=None, mailboxes=(), digest=None):
        """The certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        begin = begin or now() - DAY
        builder = x509.CertificateBuilder().subject_name(name_of("client")).issuer_name(self.certificate.subject).public_key(
            key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(
            end or now() + 10 * DAY)
        names = [x509.RFC822Name(one) for one in addresses] + [utf8_mailbox(one) for one in mailboxes]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(self.key, digest or hashes.SHA256()), key

    def write(self, base, file, *arguments, **options):
        """A file with the certificate, its chain and its key, as programs like it."""
        certificate, key = self.issue(*arguments, **options)
        path = base / f"{file}.pem"
        path.write_text(pem(certificate, *self.chain()) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode())
        return path

    def revoke(self, *certificates, end=None):
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject).last_update(
            now() - 2 * DAY).next_update(end or now() + DAY)
        for one in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(now() - DAY).build())
        return pem(builder.sign(self.key, hashes.SHA256()))
