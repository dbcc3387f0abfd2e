"""What a process gives up before it reads a hostile file (Linux, plain ctypes).

Layers, each set if the kernel allows it:

=================  ==========================================================================  ====================
layer              what it takes away                                                          where
=================  ==========================================================================  ====================
resource limits    more than ``memory_bytes`` of address space, ``cpu_seconds``, large files,  everywhere; obligatory
                   core dumps, new processes (not for root)
network namespace  every network but an empty one                                              root, or where user
                                                                                               namespaces are allowed
user nobody        the rights of root                                                          only as root
Landlock           opening any file or directory; TCP (ABI 4), abstract sockets (ABI 6)        kernel 5.13 and later
seccomp            every system call that is not on a short list: no open, socket, connect,    x86-64 and aarch64
                   exec, fork, kill, ptrace
=================  ==========================================================================  ====================

Guaranteed: no file can be opened and no socket made. Seccomp gives both, and so do Landlock and the network namespace
together; if neither is to be had, ``confine`` raises and nothing is read. What stays: the file handed over as standard
input, standard output and standard error.

Everything that is needed has to be imported before, because modules are files too.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from gis_app.domain.errors import Unavailable

_NOBODY = 65534
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2

_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446  # the same number on every architecture
_LANDLOCK_CREATE_RULESET_VERSION = 1
_LANDLOCK_FILE_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}
_LANDLOCK_FILE_RIGHTS_FROM_5 = 0xFFFF
_LANDLOCK_TCP_RIGHTS, _LANDLOCK_SCOPES = 0x3, 0x3

# (AUDIT_ARCH, system calls that parsing needs): read write close fstat lseek mmap mprotect munmap brk rt_sigaction
# rt_sigprocmask rt_sigreturn pread64 writev sched_yield mremap madvise getpid exit clock_gettime futex exit_group
# getrandom gettid restart_syscall
_SYSCALLS = {
    "x86_64": (0xC000003E, "0 1 3 5 8 9 10 11 12 13 14 15 17 20 24 25 28 39 60 228 202 231 318 186 219"),
    "aarch64": (
        0xC00000B7,
        "63 64 57 80 62 222 226 215 214 134 135 139 67 66 124 216 233 172 93 113 98 94 278 178 128",
    ),
}
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _FAIL_EPERM, _KILL = 0x7FFF0000, 0x00050001, 0x80000000


@dataclass(frozen=True)
class Limits:
    """What one reading may use."""

    cpu_seconds: int = 10
    wall_seconds: float = 90.0
    memory_bytes: int = 512 * 1024 * 1024
    output_bytes: int = 1024 * 1024 * 1024
    rows: int = 1_000_000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


_libc = ctypes.CDLL(None, use_errno=True)


def isolated_module(module: str) -> tuple[str, ...]:
    """Return the command that runs ``module`` of this very package in isolated mode, blind to the environment.

    Isolated mode knows only the package that was installed; the child is to be of the same code as its parent.
    """
    package_root = str(Path(__file__).resolve().parents[2])
    start = (
        f"import runpy, sys; sys.path.insert(0, {package_root!r}); runpy.run_module({module!r}, None, '__main__', True)"
    )
    return sys.executable, "-I", "-c", start


def confine(limits: Limits) -> frozenset[str]:
    """Give up files, network and more for the rest of this process, and return the names of the layers in force.

    Raises
    ------
    Unavailable
        If this kernel can keep the process neither from files nor from the network.
    """
    _limit_resources(limits)
    layers = {"network namespace"} if _leave_network() else set()
    if os.geteuid() == 0:
        _become_nobody()
        layers.add("user nobody")
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    layers |= {"Landlock"} if _close_files() else set()
    layers |= {"seccomp"} if _filter_system_calls() else set()
    if "seccomp" not in layers and not {"Landlock", "network namespace"} <= layers:
        raise Unavailable(
            "Files cannot be read safely on this machine: its kernel offers neither seccomp nor Landlock.",
            remedy="Import on Linux 5.13 or later on x86-64 or aarch64, and do not forbid seccomp in the container.",
        )
    return frozenset(layers)


def _limit_resources(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output_bytes, limits.output_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _leave_network() -> bool:
    if os.geteuid() == 0:
        return bool(_libc.unshare(_CLONE_NEWNET) == 0)
    return bool(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def _become_nobody() -> None:
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _close_files() -> bool:
    """Restrict this process with an empty Landlock rule set: it handles every right and grants none."""
    version = _libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_CREATE_RULESET_VERSION)
    if version < 1:
        return False
    rights = [_LANDLOCK_FILE_RIGHTS.get(version, _LANDLOCK_FILE_RIGHTS_FROM_5)]
    rights += [_LANDLOCK_TCP_RIGHTS] if version >= 4 else []
    rights += [_LANDLOCK_SCOPES] if version >= 6 else []
    attributes = struct.pack(f"={len(rights)}Q", *rights)
    rule_set = _libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rule_set < 0:
        return False
    restricted = _libc.syscall(_LANDLOCK_RESTRICT_SELF, rule_set, 0) == 0
    os.close(rule_set)
    return bool(restricted)


def _filter_system_calls() -> bool:
    """Allow only the listed system calls; any other returns EPERM, and a foreign architecture is killed."""
    if platform.machine() not in _SYSCALLS:
        return False
    audit_arch, listed = _SYSCALLS[platform.machine()]
    allowed = [int(number) for number in listed.split()]
    steps = [(_LOAD_WORD, 0, 0, 4), (_JUMP_IF_EQUAL, 1, 0, audit_arch), (_RETURN, 0, 0, _KILL), (_LOAD_WORD, 0, 0, 0)]
    for left, number in zip(range(len(allowed), 0, -1), allowed, strict=True):
        steps.append((_JUMP_IF_EQUAL, left, 0, number))  # a match jumps over the rest to "allow"
    steps += [(_RETURN, 0, 0, _FAIL_EPERM), (_RETURN, 0, 0, _ALLOW)]
    packed = b"".join(struct.pack("=HBBI", *step) for step in steps)
    instructions = ctypes.create_string_buffer(packed, len(packed))
    program = _Program(len(steps), ctypes.addressof(instructions))
    return bool(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)
