"""Runs a program on a pseudo-terminal, step by step, and prints what came of it as JSON.

Reads {"argv", "env", "columns", "rows", "steps"} as JSON from its argument. A step waits for a pattern in
what follows the step before it, and then does something: {"wait", "isStopped"?,
"send"?, "resize"?, "signal"?}.
"""

import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time

plan = json.loads(sys.argv[1])
deadline = time.monotonic() + plan["timeoutSeconds"]


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


master, slave = pty.openpty()
resize(slave, plan["columns"], plan["rows"])
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.closerange(3, 64)
    os.execve(plan["argv"][0], plan["argv"], {**os.environ, **plan["env"]})



def is_stopped():
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "T"


text = ""
seen = 0
fault = None
steps = list(plan["steps"])
status = None
while True:
    if steps:
        found = re.compile(steps[0]["wait"], re.S).search(text, seen)
        if found and (not steps[0].get("isStopped") or is_stopped()):
            step = steps.pop(0)
            seen = found.end()
            if "send" in step:
                os.write(master, step["send"].encode())
            if "resize" in step:
                resize(slave, *step["resize"])
            if "signal" in step:
                os.kill(pid, getattr(signal, step["signal"]))
            continue
    if select.select([master], [], [], 0.05)[0]:
        text += os.read(master, 65536).decode("utf-8", "replace")
        continue
    ended, code = os.waitpid(pid, os.WNOHANG)
    if ended:
        status = os.waitstatus_to_exitcode(code)
        break
    if time.monotonic() > deadline:
        fault = f"still running; waits for {steps[0]['wait'] if steps else 'its end'}"
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        break
if steps and fault is None:
    fault = f"ended before {steps[0]['wait']}"
restored = termios.tcgetattr(slave) == before
print(json.dumps({"text": text, "code": status, "fault": fault, "isRestored": restored}))
