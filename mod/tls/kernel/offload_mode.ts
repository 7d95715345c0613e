/**
 * When the kernel encrypts what is sent (h2o's ssl-offload). `kernel`: for every file that is sent from
 * its descriptor. `auto`: where it pays.
 */
export type OffloadMode = "off" | "kernel" | "auto";

/**
 * From this size, `auto` gives a file to the kernel. That takes three system calls: two to set the keys,
 * and sendfile(2). Without it, each 64 KB take two: pread(2) and send(2).
 */
const autoBytesMin = 131_072;

/** Whether a connection that has not given its encryption to the kernel does so for a file. */
export function pays(mode: OffloadMode, fileBytes: number): boolean {
  return mode === "kernel" || (mode === "auto" && fileBytes >= autoBytesMin);
}
