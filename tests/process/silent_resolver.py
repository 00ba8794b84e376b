"""Runs a command where no name look-up is ever answered: in network and mount namespaces of its own (`unshare -m -n`).

Usage: silent_resolver.py RESOLV_CONF COMMAND ...
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys

SIOCSIFFLAGS, IFF_UP_AND_RUNNING = 0x8914, 0x1 | 0x40


def main() -> None:
    loopback = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(loopback, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_AND_RUNNING))
    resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    resolver.bind(("127.0.0.1", 53))
    resolver.set_inheritable(True)  # it outlives the exec, and never reads what it is asked
    subprocess.run(["mount", "--bind", sys.argv[1], "/etc/resolv.conf"], check=True)
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
