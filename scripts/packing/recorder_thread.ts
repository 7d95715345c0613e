/** `thread_entry.ts` of `mod/code` for the program that records. A thread is ended from outside. */
import { threadRole } from "../../mod/code/loader.ts";
import { record } from "./recorder.ts";

/** Half of the run that it is recorded in. */
const afterMs = 500;

const write = record(threadRole, "mod/load/thread/worker.js");
setTimeout(write, afterMs);
