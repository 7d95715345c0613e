import type { ServerComparison } from "../comparison.ts";
import { variedFields } from "../contenders/drivers.ts";
import { floorFiles } from "../contenders/floor.ts";
import { hayateFiles } from "../contenders/hayate.ts";
import { nginxFiles } from "../contenders/nginx.ts";

const kb = 1000;
const mb = 1000 * kb;
/** From here on the head is a small part. */
const large = 100 * kb;

export const files: readonly ServerComparison[] = [
  over("files-1k", kb, "1,000 bytes"),
  over("files", 10 * kb, "10,000 bytes"),
  over("files-100k", 100 * kb, "100 KB"),
  over("files-10m", 10 * mb, "10 MB"),
  overTls("tls-files-100k", 100 * kb, "100 KB"),
  overTls("tls-files-1m", mb, "1 MB"),
  overTls("tls-files-10m", 10 * mb, "10 MB"),
];

function over(name: string, bytes: number, size: string): ServerComparison {
  return {
    name,
    title: `static servers with sendfile, a file of ${size}, varied fields`,
    judged: "server",
    driver: variedFields,
    contenders: [hayateFiles(bytes), floorFiles(bytes), nginxFiles(bytes)],
    transports: ["tcp", "unix"],
    // So few that none waits for its end longer than wrk's timeout.
    connections: [bytes < 10 * mb ? 50 : 10],
    ...(bytes < large ? {} : { bodyBytes: bytes }),
    goal: 1,
    isCore: false,
  };
}

/** Without kTLS on either side, there is no sendfile, and no floor. */
function overTls(name: string, bytes: number, size: string): ServerComparison {
  return {
    ...over(name, bytes, size),
    title: `static servers over TLS, a file of ${size}, varied fields`,
    contenders: [hayateFiles(bytes), nginxFiles(bytes)],
    transports: ["tcp"],
    isTls: true,
    hasSameLibrary: true,
    isCore: bytes === mb,
  };
}
