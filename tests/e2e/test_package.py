# SPDX-License-Identifier: Apache-2.0
"""The Debian package: installed, upgraded, removed and purged for real, in a copy-on-write view of this system."""

import os
import re
import subprocess

import pytest

import kx

MAKE_DEB = kx.ROOT / "tools" / "make-deb"
DATA = "/var/lib/keryx"

# Runs $1 in a chroot whose writes go to memory and vanish with the mount namespace.
OVERLAY = """
set -e
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$2/upper",workdir="$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
cp "$3" "$2/root/keryx.deb"
exec chroot "$2/root" sh -c "$1"
"""


@pytest.fixture(scope="module")
def package(keryx_binary, tmp_path_factory):
    out = tmp_path_factory.mktemp("deb")
    done = subprocess.run([MAKE_DEB, keryx_binary, out], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def in_system(package, tmp_path):
    """Runs a script where the package lies as /keryx.deb; returns its output."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    probe = ["unshare", "-m", "--propagation", "private", "sh", "-c"]

    def run(script):
        command = [*probe, OVERLAY, "sh", script, str(tmp_path), package]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if "mount:" in done.stderr:
            pytest.skip(f"no overlay file system here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


SETUP = f"keryx setup --data {DATA} --domain a.test --hostname mail.a.test --admin-password 'a long secret 1'"


@pytest.mark.covers("INST-31", "INST-15", "INST-38")
def test_install_says_what_to_do_next(in_system):
    out = in_system(f"dpkg --no-triggers -i /keryx.deb && stat -c '%U %a' {DATA} && command -v keryx && man -w keryx")
    assert f"keryx setup --data {DATA}" in out
    assert "keryx 700" in out
    assert "/usr/sbin/keryx" in out


def test_the_service_is_there_and_not_root(in_system):
    out = in_system("dpkg --no-triggers -i /keryx.deb && cat /lib/systemd/system/keryx.service")
    assert "User=keryx" in out and "CAP_NET_BIND_SERVICE" in out
    assert "ConditionPathExists=/var/lib/keryx/server.db" in out
    assert "WantedBy=multi-user.target" in out


@pytest.mark.covers("DOM-24")
def test_pam_has_a_service_of_its_own(in_system):
    """A file of the administrator's, which an upgrade leaves as he has made it; the units are there and off."""
    units = "/lib/systemd/system/keryx-pam"
    out = in_system(
        f"dpkg --no-triggers -i /keryx.deb && cat /etc/pam.d/keryx {units}.socket {units}.service && "
        f"systemd-analyze --man=no verify {units}.socket {units}.service 2>&1 && "
        "systemctl is-enabled keryx-pam.socket || true; echo '# mine' >>/etc/pam.d/keryx; "
        "dpkg --no-triggers -i /keryx.deb; tail -1 /etc/pam.d/keryx; dpkg --no-triggers -P keryx; ls /etc/pam.d")
    assert "@include common-auth" in out and "@include common-account" in out
    assert "ListenSequentialPacket=/run/keryx/pam.sock" in out and "SocketGroup=keryx" in out and "SocketMode=0660" in out
    assert "ExecStart=/usr/sbin/keryx pam serve" in out and "NoNewPrivileges=yes" in out
    assert "disabled" in out and "Unknown" not in out
    assert "# mine" in out and not re.search(r"^keryx$", out, re.M)


@pytest.mark.covers("INST-47", "INST-52")
def test_upgrade_keeps_settings_and_mail(in_system):
    out = in_system(
        f"dpkg --no-triggers -i /keryx.deb && {SETUP} && "
        f"keryx config set smtp.max-hops 7 --data {DATA} && "
        f"dpkg --no-triggers -i /keryx.deb && keryx config get smtp.max-hops --data {DATA} && keryx user list --data {DATA}")
    assert "7" in out.split("Setting up keryx")[-1]
    assert "admin@a.test" in out


@pytest.mark.covers("INST-51", "INST-49")
def test_removal_and_purge_leave_the_mail(in_system):
    out = in_system(f"dpkg --no-triggers -i /keryx.deb && {SETUP} && dpkg --no-triggers -r keryx && dpkg --no-triggers -P keryx && ls {DATA}/server.db")
    assert f"stay in {DATA}" in out
    assert out.strip().endswith("server.db")


@pytest.mark.covers("KRB-02")
def test_what_is_opened_when_it_runs_is_depended_on(package):
    """Libraries that are not linked are found all the same: so the client of Kerberos comes with the package."""
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True, capture_output=True, text=True).stdout
    assert {"libkrb5-3", "libgssapi-krb5-2", "libunbound8", "libqpdf29"} <= set(depends.strip().split(", "))
