/** Waits for the signal of `hayate serve profile`. */
import { addSignalListener } from "../../process/signals/signals.ts";
import type { Asked, ProfileHost } from "./answer.ts";
import { profileSignal, RequestFolder } from "./request.ts";

/** A signal without a request of our own user does nothing. */
export function listenForProfile(host: ProfileHost): void {
  addSignalListener(profileSignal, () => {
    if (find() === null) return;
    void import("./answer.ts").then(({ answerRequests }) => answerRequests(find, host));
  });
}

function find(): Asked | null {
  for (const folder of RequestFolder.places(Deno.pid)) {
    const request = folder.isPrivate() ? folder.read() : null;
    if (request !== null) return { folder, request };
  }
  return null;
}
