/**
 * Compiles all calls of the reactor: import this before a test that uses one. Libraries stay open, and
 * those that are opened during a test count as its leak.
 */
import { sendingCalls } from "../../mod/sys/file_calls.ts";
import { libcSocket } from "../../mod/sys/libc_socket.ts";

// Reading a property compiles it.
Object.values(libcSocket);
Object.values(sendingCalls);
