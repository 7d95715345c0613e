/** Waits for the signal of `hayate serve profile`. */
import { addSignalListener } from "../../process/signals/signals.ts";
import type { ProfileHost } from "./answer.ts";
import { ProfileFiles, profileSignal } from "./request.ts";

/** A signal without a request of our own user does nothing. */
export function listenForProfile(host: ProfileHost): void {
  addSignalListener(profileSignal, () => {
    const uid = Deno.uid() ?? -1;
    for (const files of ProfileFiles.places(Deno.pid, uid)) {
      const request = files.isPrivate(uid) ? files.takeRequest() : null;
      if (request === null) continue;
      void import("./answer.ts").then(({ answerRequest }) =>
        answerRequest(files.answerTo(request), request, host)
      );
      return;
    }
  });
}
