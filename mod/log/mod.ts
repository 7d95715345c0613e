/** The program's log and the access log. Independent of sockets and HTTP; records are passed in. */
export {
  type Level,
  levels,
  type LogFields,
  Logger,
  type LoggerOptions,
  type LogStyle,
} from "./logger.ts";
export { AccessLog } from "./access_log.ts";
export { type AccessFormat, compileAccessFormat, namedFormats } from "./access_format.ts";
export type { AccessRecord, ProxyBytes, Timing, UpstreamFact } from "./access_record.ts";
export type { AccessNeed } from "./access_fields.ts";
export { AccessHead } from "./access_head.ts";
export { AccessTimes } from "./access_times.ts";
export { tlsText } from "./access_tls.ts";
export { KeptText, TextKeeper } from "./kept_text.ts";
export { type Escape, LineBuffer } from "./line_buffer.ts";
export { type LogTarget, parseLogTarget } from "./target.ts";
export { openSink, type SinkMakers } from "./open_sink.ts";
export { SparseLog } from "./sparse_log.ts";
export type { Sink, SinkComplaint } from "./sink.ts";
export { FileSink, type FileSinkOptions } from "./file_sink.ts";
export { type PipeProcess, PipeSink, type SpawnPipe } from "./pipe_sink.ts";
export { SyslogSink, type SyslogTransport } from "./syslog_sink.ts";
export { standardSink } from "./stream_sink.ts";
export { WallClock } from "./wall_clock.ts";
export { isoLocal, strftime } from "./strftime.ts";
