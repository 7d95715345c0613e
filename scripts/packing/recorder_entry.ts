/** `entry.ts` of `mod/code` for the program that records. */
import { record } from "./recorder.ts";

const write = record(Deno.args[0], "main.js");
addEventListener("unload", write);
