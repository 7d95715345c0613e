/** `thread_entry.ts` of `mod/code` for the program that records. A thread is ended from outside. */
import { threadRole } from "../../mod/code/loader.ts";
import { record } from "./recorder.ts";

/** Long after it has begun to send, and before it has much garbage. */
const afterMs = 100;

const write = record(threadRole, "mod/load/thread/worker.js");
setTimeout(write, afterMs);
