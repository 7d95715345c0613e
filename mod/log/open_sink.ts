/** Opens the sink of a log target. Access to the system other than files is passed in. */
import { StartError } from "../base/errors.ts";
import { FileSink, type FileSinkOptions } from "./file_sink.ts";
import { type LogFiles, ownLogFiles } from "./log_file.ts";
import { PipeSink, type SpawnPipe } from "./pipe_sink.ts";
import { Rotation } from "./rotation.ts";
import type { Sink, SinkComplaint } from "./sink.ts";
import { standardSink } from "./stream_sink.ts";
import { SyslogSink, type SyslogTransport } from "./syslog_sink.ts";
import type { LogTarget } from "./target.ts";

export interface SinkMakers {
  readonly complain: SinkComplaint;
  /** Provided by `process/`. */
  readonly files?: LogFiles;
  /** Starts a command with a pipe; provided by `process/`. */
  readonly spawn?: SpawnPipe;
  /** Opens a transport to a syslog receiver; provided by `net/`. */
  readonly openSyslog?: (transport: "udp" | "tcp" | "unix", address: string) => SyslogTransport;
}

/** Opens `target`. Throws `StartError` with one line when it cannot. */
export function openSink(
  target: LogTarget,
  makers: SinkMakers,
  options: FileSinkOptions = {},
): Sink {
  const files = makers.files ?? ownLogFiles;
  switch (target.kind) {
    case "file":
      return new FileSink(target.path, makers.complain, { ...options, files });
    case "rollback":
      return new FileSink(target.path, makers.complain, {
        ...options,
        files,
        rotation: new Rotation(target.rule, undefined, undefined, files),
      });
    case "stream":
      return standardSink(target.name);
    case "pipe":
      if (makers.spawn === undefined) throw new StartError("a log command cannot be started here");
      return new PipeSink(target.command, makers.spawn, makers.complain, options.immediate);
    case "syslog": {
      if (makers.openSyslog === undefined) {
        throw new StartError("syslog cannot be reached from here");
      }
      const transport = makers.openSyslog(target.transport, target.address);
      const { facility, tag } = target;
      const identity = {
        facility,
        severity: 6,
        hostname: Deno.hostname(),
        appName: tag,
        processId: Deno.pid,
      };
      return new SyslogSink(transport, identity, makers.complain);
    }
  }
}
