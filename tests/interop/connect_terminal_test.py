"""`rill connect` at a terminal: a line that is being typed stays whole while messages come, its history
outlives the program, and what is not seen is not sent. RILL names the program, TESTSERVER the server."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

WAIT_S = 30


class Screen:
    """As much of a terminal as is needed: rows of text, a cursor, and the sequences that move it."""

    SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([@-~])")

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.row = self.column = 0
        self.pending = ""
        self.wrap = False
        self.coloured = False

    def put(self, c):
        if self.wrap:
            self.wrap = False
            self.column = 0
            self.down()
        row = self.rows[self.row]
        row.extend(" " * (self.column + 1 - len(row)))
        row[self.column] = c
        if self.column + 1 == self.columns:
            self.wrap = True
        else:
            self.column += 1

    def down(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def sequence(self, parameters, final):
        n = int(parameters) if parameters.isdigit() else 1
        self.wrap = False
        if final == "A":
            self.row = max(0, self.row - n)
        elif final == "B":
            self.row = min(len(self.rows) - 1, self.row + n)
        elif final == "C":
            self.column = min(self.columns - 1, self.column + n)
        elif final == "D":
            self.column = max(0, self.column - n)
        elif final == "G":
            self.column = n - 1
        elif final == "K":
            del self.rows[self.row][self.column:]
        elif final == "J":
            del self.rows[self.row][self.column:]
            del self.rows[self.row + 1:]
        elif final == "P":
            del self.rows[self.row][self.column:self.column + n]
        elif final == "@":
            self.rows[self.row][self.column:self.column] = " " * n
        elif final == "m":
            self.coloured = True

    def feed(self, text):
        text, self.pending = self.pending + text, ""
        at = 0
        while at < len(text):
            c = text[at]
            if c == "\x1b":
                found = self.SEQUENCE.match(text, at)
                if not found:
                    if len(text) - at > 32:
                        raise ValueError(f"unknown sequence: {text[at:at + 32]!r}")
                    self.pending = text[at:]
                    return
                self.sequence(*found.groups())
                at = found.end()
                continue
            if c == "\r":
                self.column, self.wrap = 0, False
            elif c == "\n":
                self.wrap = False
                self.down()
            elif c == "\b":
                self.column, self.wrap = max(0, self.column - 1), False
            elif c >= " ":
                self.put(c)
            at += 1

    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]

    def last(self):
        """The rows from the prompt on, joined."""
        rows = ["".join(row) for row in self.rows]
        for i in range(len(rows) - 1, -1, -1):
            if rows[i].startswith(">"):
                return "".join([row.ljust(self.columns) for row in rows[i:-1]] + rows[-1:]).rstrip()
        return ""


class Terminal:
    def __init__(self, *args, state, columns=60, term="xterm", extra=None):
        self.screen = Screen(columns)
        environment = {**os.environ, "XDG_STATE_HOME": state, "TERM": term, "LC_ALL": "C.UTF-8", **(extra or {})}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execve(os.environ["RILL"], ["rill", "connect", *args], environment)
        self.status = None

    def read(self, until, what):
        limit = time.monotonic() + WAIT_S
        while not until():
            left = limit - time.monotonic()
            if left <= 0:
                raise AssertionError(f"never came: {what}; on the screen: {self.screen.lines()}")
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # EIO: the program has ended
                data = b""
            if not data:
                if until():
                    return
                raise AssertionError(f"ended before {what}; on the screen: {self.screen.lines()}")
            self.screen.feed(data.decode())

    def shows(self, pattern):
        self.read(lambda: any(re.search(pattern, line) for line in self.screen.lines()), pattern)

    def edits(self, text):
        """The line being edited is this one."""
        self.read(lambda: self.screen.last() == f"> {text}".rstrip(), f"the line {text!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def ends(self):
        try:
            self.read(lambda: False, "its end")
        except AssertionError as error:
            if "ended before" not in str(error):
                raise
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def sent(text):
    return rf"^\d\d:\d\d:\d\d\.\d\d\d > {text}$"


def came(text):
    return rf"^\d\d:\d\d:\d\d\.\d\d\d < {text}$"


def test_lines_are_edited_sent_and_shown(url, state):
    """a line is edited, sent with Enter, and shown among what came"""
    terminal = Terminal(url, state=state)
    terminal.shows(r"\* connected to ws://")
    terminal.edits("")
    terminal.type("helo w\u00f6rld")
    terminal.edits("helo w\u00f6rld")
    terminal.type("\x01\x1b[C\x1b[C\x1b[Cl\x05!")  # home, right three times, end
    terminal.edits("hello w\u00f6rld!")
    terminal.type("\r")
    terminal.shows(sent("hello w\u00f6rld!"))
    terminal.shows(came("hello w\u00f6rld!"))
    terminal.edits("")
    assert terminal.screen.coloured
    terminal.type("\x03")
    terminal.shows(r"\* closed by us: 1000 normal closure")
    assert terminal.ends() == 0


def test_messages_leave_the_line_whole(url, state):
    """messages that come while a line is typed stand above it, and the line stays whole"""
    terminal = Terminal("--send", "first", url, state=state)
    terminal.shows(came("first"))
    long = "typed while others speak, and longer than one row of this terminal is wide"
    for n in range(5):
        terminal.type(f"{n}\r{long}")
        terminal.shows(came(str(n)))
        terminal.edits(long)
        terminal.type("\x15")  # Ctrl-U
        terminal.edits("")
    lines = [line for line in terminal.screen.lines() if line]
    assert not any(long[:20] in line for line in lines), lines
    terminal.type("\x03")
    assert terminal.ends() == 0


def test_history_outlives_the_program(url, state):
    """lines come back with the arrow keys, also in the next session, from a file for its owner alone"""
    for session in range(2):
        terminal = Terminal(url, state=state)
        terminal.edits("")
        if session == 0:
            for line in ("one", "two"):
                terminal.type(f"{line}\r")
                terminal.shows(came(line))
        terminal.edits("")
        terminal.type("\x1b[A")
        terminal.edits("two")
        terminal.type("\x1b[A")
        terminal.edits("one")
        terminal.type("\x1b[B\x1b[B")
        terminal.edits("")
        terminal.type("\x03")
        assert terminal.ends() == 0
        assert os.stat(os.path.join(state, "rill", "connect_history")).st_mode & 0o077 == 0


def test_odd_keys_do_not_stop_it(url, state):
    """a lone Escape, half a character and unknown keys neither stop the loop nor are typed"""
    terminal = Terminal(url, state=state)
    terminal.edits("")
    terminal.type("a\x1b")
    terminal.edits("a")
    terminal.type("[5~\x1b[200~\x16\x12b\r")
    terminal.shows(sent("ab"))
    os.write(terminal.fd, b"x\xc3")
    os.write(terminal.fd, b"\xa9\xff\r")
    terminal.shows(came("x\u00e9"))
    terminal.type("\x03")
    assert terminal.ends() == 0


def test_end_of_input_ends_nothing(url, state):
    """Ctrl-D ends the input and not the connection"""
    terminal = Terminal(url, state=state)
    terminal.edits("")
    terminal.type("\x04")
    terminal.shows("end of input")
    terminal.type("\x03")
    assert terminal.ends() == 0


def test_no_colour_when_not_wanted(url, state):
    """NO_COLOR is obeyed"""
    terminal = Terminal("--close", "1000", url, state=state, extra={"NO_COLOR": "1"})
    assert terminal.ends() == 0
    assert not terminal.screen.coloured


def test_a_dumb_terminal(url, state):
    """a terminal without sequences gets none, and its lines are sent"""
    terminal = Terminal("--count", "1", url, state=state, term="dumb")
    terminal.shows("connected")
    terminal.type("plain\r")
    terminal.shows(came("plain"))
    assert terminal.ends() == 0
    assert not terminal.screen.coloured


def test_the_terminal_is_left_as_it_was(url, state):
    """the terminal's modes are what they were before"""
    parent, child = pty.openpty()
    before = termios.tcgetattr(child)
    program = subprocess.Popen([os.environ["RILL"], "connect", url], stdin=child, stdout=child, stderr=child,
                               env={**os.environ, "XDG_STATE_HOME": state, "TERM": "xterm"})
    said = b""
    while b"connected to" not in said or termios.tcgetattr(child)[3] & termios.ICANON:
        said += os.read(parent, 65536) if select.select([parent], [], [], 0.05)[0] else b""
    program.send_signal(signal.SIGTERM)
    assert program.wait(WAIT_S) == 0
    assert termios.tcgetattr(child) == before
    os.close(parent)
    os.close(child)


def main():
    server = subprocess.Popen([os.environ["TESTSERVER"], "services", "--port", "0", "--quiet"],
                              stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().split()[-1].replace("http://", "ws://") + "/ws"
    passed = failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (sys.argv[1:] and sys.argv[1] not in name):
            continue
        state = tempfile.mkdtemp(prefix="rill-state-")
        try:
            test(url, state)
            passed += 1
        except (AssertionError, OSError, ValueError) as error:
            failed += 1
            print(f"FAIL {test.__doc__}\n     {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(state)
    server.send_signal(signal.SIGTERM)
    if server.wait(WAIT_S):
        failed += 1
        print(f"FAIL the server ended with {server.returncode}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
