/** Opens files as descriptors for sendfile(2); needs Linux and FFI. */
import { Errno } from "../sys/errno.ts";
import { fileCalls, openReadFlags } from "../sys/file_calls.ts";
import { errno, libc } from "../sys/libc.ts";
import { faultOf, type FileOpener, liesBelow, type OpenFault, type OpenFile } from "./open_file.ts";

const encoder = new TextEncoder();

/** Checks the open file itself, so that replacing the path in between has no effect. */
export class DescriptorOpener implements FileOpener {
  open(path: string, rootReal: string | null): OpenFile | OpenFault {
    const fault = checkKind(path);
    if (fault !== null) return fault;
    const fd = fileCalls.open(encoder.encode(path + "\0"), openReadFlags, 0);
    if (fd < 0) return faultOfErrno(errno());
    try {
      const outcome = inspect(fd, rootReal);
      if (typeof outcome !== "string") return outcome;
      libc.close(fd);
      return outcome;
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }
}

/** Opening a device can have side effects (a tape rewinds), so only files and folders are opened. */
function checkKind(path: string): OpenFault | null {
  try {
    const info = Deno.statSync(path);
    return info.isFile || info.isDirectory ? null : "special";
  } catch (error) {
    return faultOf(error);
  }
}

/** proc(5): /proc/self/fd/N is the open file, even when its path has been replaced. */
function inspect(fd: number, rootReal: string | null): OpenFile | OpenFault {
  const link = `/proc/self/fd/${fd}`;
  const info = Deno.statSync(link);
  if (rootReal !== null && !liesBelow(Deno.readLinkSync(link), rootReal)) return "outside";
  if (info.isDirectory) return "folder";
  return info.isFile ? new DescriptorFile(fd, info) : "special";
}

function faultOfErrno(number: number): OpenFault {
  return number === Errno.EACCES ? "denied" : "absent";
}

class DescriptorFile implements OpenFile {
  readonly fd: number;
  readonly size: number;
  readonly modifiedMs: number;

  constructor(fd: number, info: Deno.FileInfo) {
    this.fd = fd;
    this.size = info.size;
    this.modifiedMs = info.mtime?.getTime() ?? 0;
  }

  readAt(offset: number, into: Uint8Array, start: number, end: number): number {
    const view = into.subarray(start, end) as Uint8Array<ArrayBuffer>;
    return Math.max(0, fileCalls.pread64(this.fd, view, end - start, BigInt(offset)));
  }

  close(): void {
    libc.close(this.fd);
  }
}
