#!/usr/bin/env python3
"""The whole loop as its users feel it, on a broker, gates and a console that this script starts and ends itself:

  asked      the gate's log says that the broker has the request -> its row is on the console's screen
  started    the gate's process begins -> its row is on the console's screen (looking at the repository included)
  child      the key that approves is pressed (hold-back off) -> the gate's child runs

Install:  python3 -m pip install 'pyte==0.8.2'
Run:      python3 benches/pty/loop.py target/release/jit-tui [--n 200] [--size 80x24]
Exit 0 where all bars are met, 1 where one is missed, 2 where the measurement itself failed.
"""
import os, pathlib, re, shutil, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from ptybench import Session, ns, pct, size_of

BARS = {"asked": 100.0, "child": 250.0}


class Stage:
    """A broker with one approver and one pipeline, and a repository of one commit."""

    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="jit-loop-"))
        self.socket = self.home / "broker.sock"
        repo = self.home / "repo"
        repo.mkdir()
        git = ["git", "-C", repo, "-c", "user.name=Carol", "-c", "user.email=carol@acme.example"]
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "Serve the shop"], check=True)
        self.pipeline = self.token("--name", "ci", "--repository", "*", "--environment", "*")
        config = self.home / "alice/config"
        config.mkdir(parents=True)
        self.private(config / "token", self.token("--person", "alice"))
        self.private(config / "config.toml",
                     f'[console]\nhold_back = false\n[[backend]]\nkind = "broker"\nname = "broker"\n'
                     f'address = "unix:{self.socket}"\ntoken_file = "token"\n')
        self.broker = self.start("broker", "broker", "--listen", f"unix:{self.socket}")
        wait("the broker", lambda: self.socket.exists())

    def env(self, who):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        return env | {"JIT_TUI_CONFIG_DIR": str(self.home / who / "config"),
                      "JIT_TUI_STATE_DIR": str(self.home / who / "state")}

    def token(self, *about):
        made = subprocess.run([self.program, "broker", "token", "add", *about], env=self.env("broker"),
                              check=True, capture_output=True, text=True)
        return made.stdout.strip()

    def private(self, path, text):
        path.write_text(text)
        path.chmod(0o600)

    def start(self, who, *args, **more):
        return subprocess.Popen([self.program, *args], env=self.env(who) | more.pop("env", {}),
                                stdout=subprocess.DEVNULL, stderr=more.pop("log", subprocess.DEVNULL), **more)

    def gate(self, name, mark):
        more = {"JIT_TUI_BROKER": f"unix:{self.socket}", "JIT_TUI_TOKEN": self.pipeline,
                "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_ACTOR": "bob",
                "GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": name}
        args = ["gate", "--environment", "stage", "--name", name, "--", "sh", "-c", f"date +%s%N > {mark}"]
        # Its log is read from a pipe: each line is stamped as it comes.
        return self.start("ci", *args, env=more, log=subprocess.PIPE, cwd=self.home / "repo")

    def end(self):
        self.broker.terminate()
        self.broker.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def wait(what, there, seconds=20):
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise SystemExit(f"never came: {what}")
        time.sleep(0.002)


def once(stage, console, n):
    """One request from its gate to its child; the three times in milliseconds."""
    name, mark = f"job-{n}", stage.home / f"mark-{n}"
    started = ns()
    gate = stage.gate(name, mark)
    for line in gate.stderr:
        if b"asked " in line:
            break
    asked = ns()
    its_row = re.compile(rf"> stage +shop/{name} ")
    row = console.until(lambda: its_row.search(console.term.text()), 20_000, sample=False)
    # For a moment after a row came under the cursor no key decides about it.
    console.settle(400, 2000)
    console.press(b"a", 30, 1000, 5000)
    armed = console.until(lambda: "g  approve" in console.term.text() and "a moment" not in console.term.text(), 5000)
    if row is None or armed is None:
        print(console.term.text(), file=sys.stderr)
        raise SystemExit(2)
    pressed = ns()
    console.write(b"g")
    console.until(lambda: mark.exists() and mark.stat().st_size > 18, 20_000, sample=False)
    child = int(mark.read_text()) - (time.time_ns() - ns())
    gate.stderr.read()
    if gate.wait() != 0:
        raise SystemExit(f"the gate of {name} ended with {gate.returncode}")
    # The outcome is acknowledged, and the list is empty again for the next one.
    console.press(b" ", 30, 300, 2000)
    console.until(lambda: "Nothing waits" in console.term.text(), 20_000, sample=False)
    return {"asked": (row - asked) / 1e6, "started": (row - started) / 1e6, "child": (child - pressed) / 1e6}


def main(args):
    program, n, size = "target/release/jit-tui", 200, "80x24"
    while args:
        word = args.pop(0)
        if word == "--n": n = int(args.pop(0))
        elif word == "--size": size = args.pop(0)
        elif word in ("-h", "--help"): print(__doc__); return 0
        else: program = word
    stage = Stage(program)
    met = True
    try:
        columns, rows = size_of(size)
        console = Session([stage.program], columns, rows, stage.env("alice"), str(stage.home), timeout=3600)
        if console.until(lambda: "broker ok" in console.term.text(), 20_000) is None:
            print(console.term.text(), file=sys.stderr)
            return 2
        times = {}
        for i in range(n):
            for what, ms in once(stage, console, i).items():
                times.setdefault(what, []).append(ms)
        console.write(b"q")
        console.wait_exit(5000)
        for what, values in times.items():
            bar, p99 = BARS.get(what), pct(values, 99)
            met &= bar is None or p99 <= bar
            goal = f"   bar p99 {bar:.0f}: {'met' if p99 <= bar else 'MISSED'}" if bar else ""
            print(f"{what:8} n {len(values)}  p50 {pct(values, 50):.1f}  p99 {p99:.1f}  max {max(values):.1f} ms{goal}")
    finally:
        stage.end()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
