/** Signals: names, numbers, sending and listening. */
import { libcProcess } from "../../sys/libc_process.ts";

/** Numbers on x86-64 and arm64 (signal(7)). */
const numbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
};

/** All names, without `SIG`. */
export const signalNames: readonly string[] = Object.keys(numbers);

/** `TERM` for `term`, `SIGTERM` and `15`; null for an unknown signal. */
export function readSignalName(text: string): string | null {
  const name = text.trim().toUpperCase().replace(/^SIG/, "");
  if (name in numbers) return name;
  return signalNames.find((known) => String(numbers[known]) === name) ?? null;
}

/** The number of a name from `readSignalName`. */
export function signalNumber(name: string): number {
  const number = numbers[name];
  if (number === undefined) throw new RangeError(`Cannot use "${name}" as a signal`);
  return number;
}

/** `TERM` for 15; the number itself if it has no name. */
export function signalName(number: number): string {
  return signalNames.find((name) => numbers[name] === number) ?? String(number);
}

/** Sends a signal (kill(2)); false when there is no such process or permission is denied. */
export function sendSignal(pid: number, name: string): boolean {
  return libcProcess.kill(pid, signalNumber(name)) === 0;
}

/** True while `pid` exists; a zombie counts. */
export function processExists(pid: number): boolean {
  // kill(2) fails with EPERM for a process of another user, but its folder in /proc is visible.
  return libcProcess.kill(pid, 0) === 0 || folderExists(`/proc/${pid}`);
}

function folderExists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether this process was started with the signal ignored, as by nohup. */
export function isIgnored(name: string): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
  return (BigInt(`0x${mask ?? "0"}`) >> BigInt(signalNumber(name) - 1) & 1n) === 1n;
}

/** Calls `listener` on each signal `name` (`HUP`, `TERM`, ...). Returns a function to remove it. */
export function addSignalListener(name: string, listener: () => void): () => void {
  const signal = `SIG${name}` as Deno.Signal;
  Deno.addSignalListener(signal, listener);
  return () => Deno.removeSignalListener(signal, listener);
}

/**
 * Keeps the signal from ending this process. Unlike SIG_IGN, this is not inherited: a child has the
 * default action.
 */
export function swallowSignal(name: string): () => void {
  return addSignalListener(name, () => {});
}
