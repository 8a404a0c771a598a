"""Paramiko as a client: what it is let do comes out as text, a line each."""
import base64
import logging
import sys

import paramiko

host, port, user, key, host_key = sys.argv[1:]
logging.disable()


def refused(what, attempt):
    """Says whether an attempt fails as it should."""
    try:
        attempt()
    except paramiko.SSHException:
        print(what, "refused")
    else:
        print(what, "granted")


def run(transport, command):
    """A command: its exit status, its output, and whether it complained."""
    channel = transport.open_session()
    channel.exec_command(command)
    said = channel.makefile("rb").read().decode()
    complaint = channel.makefile_stderr("rb").read()
    print(command, channel.recv_exit_status(), repr(said), bool(complaint))


def shell(transport):
    """A shell at a terminal, left again."""
    channel = transport.open_session()
    channel.get_pty("vt100", 80, 24)
    channel.invoke_shell()
    shown = b""
    while not shown.endswith(b"AS4242420263> "):
        shown += channel.recv(4096)
    channel.resize_pty(40, 24)
    channel.sendall(b"bye\r")
    print("shell", channel.recv_exit_status())


with open(host_key, encoding="ascii") as file:
    known = paramiko.Ed25519Key(data=base64.b64decode(file.read().split()[1]))
connection = paramiko.Transport((host, int(port)))
connection.connect(known, user, pkey=paramiko.Ed25519Key.from_private_key_file(key))
run(connection, "whoami")
run(connection, "nonsense")
shell(connection)
twice = connection.open_session()
twice.get_pty()
twice.invoke_shell()
refused("a second command", lambda: twice.exec_command("whoami"))
session = connection.open_session()
refused("sftp", lambda: session.invoke_subsystem("sftp"))
refused("x11", lambda: connection.open_session().request_x11())
refused("forwarding", lambda: connection.request_port_forward("", 0))
target, origin = ("127.0.0.1", 22), ("127.0.0.1", 1)
refused("tunnel", lambda: connection.open_channel("direct-tcpip", target, origin))
run(connection, "whoami")
connection.close()
