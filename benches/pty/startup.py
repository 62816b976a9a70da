#!/usr/bin/env python3
"""Commands from exec to exit, interleaved: A B, B A, A B ... Their medians and the ratio of each to the last.

Run:  python3 benches/pty/startup.py [--n 100] -- target/release/jit-tui --version -- gh --version
"""
import os, sys, time


def once(argv):
    out = os.open(os.devnull, os.O_WRONLY)
    began = time.monotonic_ns()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
    _, status = os.waitpid(pid, 0)
    took = (time.monotonic_ns() - began) / 1e6
    os.close(out)
    if status != 0:
        sys.exit(f"{' '.join(argv)} failed")
    return took


def main(args):
    n = 100
    if args[:1] == ["--n"]:
        n, args = int(args[1]), args[2:]
    commands = [[]]
    for word in args:
        if word == "--": commands.append([])
        else: commands[-1].append(word)
    commands = [argv for argv in commands if argv]
    times = [[] for _ in commands]
    for turn in range(n):
        order = range(len(commands)) if turn % 2 == 0 else reversed(range(len(commands)))
        for i in order:
            times[i].append(once(commands[i]))
    medians = [sorted(t)[len(t) // 2] for t in times]
    for argv, median in zip(commands, medians):
        print(f"{median:8.2f} ms  {median / medians[-1]:6.3f}x  {' '.join(argv)}")


if __name__ == "__main__":
    main(sys.argv[1:])
