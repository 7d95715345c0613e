/** `hayate help load json`. A test compares it with the interfaces of the report. */
export const jsonText = `The schema of --json (hayate-load/1)

Every figure has its unit in its name. A figure that does not exist is null.

schema                 "hayate-load/1"
environment            hayateVersion, denoVersion, v8Version, kernel, architecture,
                       hostName, cpuCount, cpuModel, commandLine
plan                   the settings: url, unixSocketPath, method, connections,
                       threads, durationMs, requestCount, warmupMs, drainMs,
                       timeoutMs, stages (null: closed loop; else a list of durationMs,
                       startRequestsPerSecond, endRequestsPerSecond), keepalive,
                       requestsPerConnection, pipelineDepth, protocol,
                       streamsPerConnection, retry, groupBy
runs                   one for each --repeat:

  startedAt            ISO 8601
  measuredMs           without warm-up
  interrupted          ended by Ctrl-C
  requestsPerSecond, bytesReadPerSecond
  requestsSent, requestsAnswered, requestsFailed, requestsRetried,
  requestsInFlightAtEnd
  bytesRead, bytesSent
  failedByKind         connect, refused, proxy, read, write, timeout, status, truncated,
                       protocol, streamReset, streamRefused, notEventStream,
                       handshake, closed -> count
  failures             list of kind, code (errno), count
  responsesByStatus    status or class -> count
  responsesByFieldValue  with --group-by: value of the field -> count; (none) are
                       responses without it, (other) those beyond 100 values
  latency, serviceTime, connectTime
                       count, minUs, meanUs, stdevUs, maxUs, percentilesUs, and
                       hdrV2Base64: the whole histogram (HdrHistogram V2,
                       compressed, base64; 1 us to 1 hour, 3 digits).
                       Latency is measured from when a request was due (-R), else
                       from the send; serviceTime from the send, null in a closed
                       loop
  phases               with --phases: dns, connect, tls, firstByte, transfer, each as
                       latency above; null where there was none. dns counts lookups,
                       connect (without TLS) and tls connections, firstByte (from the
                       send) and transfer (from the first byte to the last) responses
  eventStreams         with --sse: openAtStart (by the warm-up), opened, ended (by the
                       server), broken (failed after they were opened), openAtEnd,
                       events, eventsPerSecond, firstEvent and gap as latency above, and eventsPerStream:
                       count, min, mean, stdev, max, percentiles, hdrV2Base64
  webSockets           with ws and wss: opened, openAtEnd, openTime as latency above,
                       messagesSent, messagesReceived, messagesReceivedPerSecond,
                       pingsAnswered, closesUnanswered (after the run)
  schedule             with -R: askedRequestsPerSecond, sentRequestsPerSecond,
                       requestsDue, requestsUnsent, warmupRequestsUnsent,
                       lagMeanUs, lagMaxUs
  replay               with --replay: badLines, requestsWithoutBody
  connections          asked, made, openAtEnd, lost, closedIdleByServer,
                       closedAfterResponse, connectsToFullQueue,
                       connectsWithoutFreePort, sourceAddressesAdded,
                       tlsHandshakesResumed
  client               cpuUserMs, cpuSystemMs, cpuShareOfThreads, scriptMs
  intervals            one a second: endMs, durationMs, requests,
                       requestsPerSecond, bytesRead, failed, retried, received
                       (events or messages), openConnections, p50Us, p90Us, p99Us, maxUs
  machines             with --on, one for each: name, hostName, lost (why; it is in
                       no figure then), clockOffsetMs, clockErrorMs (of its clock
                       against the coordinator's), startedLateMs, connections,
                       requestsAnswered, requestsPerSecond,
                       askedRequestsPerSecond (its share), requestsUnsent,
                       cpuShareOfThreads; else null

search                 with --find-rate: conditions, fromRequestsPerSecond,
                       toRequestsPerSecond, foundRequestsPerSecond (null: none),
                       isClientLimit, and steps: requestsPerSecond, isConfirmation,
                       passed, reason, run (its index in runs)
`;
