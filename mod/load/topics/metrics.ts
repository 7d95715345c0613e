/** `hayate help load metrics`. */
export const metricsText = `Metrics for Prometheus while it runs (--metrics)

  hayate load --metrics :9100 -R 5k -d 1h http://10.0.0.2/
  hayate load --metrics 127.0.0.1:9100 ...     this machine only
  hayate load --metrics /run/load.sock ...     curl --unix-socket /run/load.sock http://l/metrics

GET /metrics answers in Prometheus's text format, or as OpenMetrics where the scraper's
Accept asks for it. A thread of its own answers, from the counters that the load threads
have in shared memory: scrapes cost the load threads nothing. It answers from before the
first run until the program ends: while it waits for --start-at, in the warm-up, and
between the runs of --repeat, --find-rate and --plan. Counters go on over all of these
runs. As in every report, requests of the warm-up are not counted.

Whoever reaches the address can read the metrics: there is no password. They hold no
URL, no field and no body.

  hayate_build_info{version}                     always 1
  hayate_load_state{state}                       1 for the state: starting, ready (it
                                                 waits for its time), warming,
                                                 measuring, ended
  hayate_load_run                                number of the run, from 1
  hayate_load_connections                        open connections
  hayate_load_target_rate                        with -R: requests a second that the
                                                 schedule has at this moment
  hayate_load_requests_total                     requests sent
  hayate_load_responses_total{class}             complete responses: 2xx, 5xx ...
  hayate_load_failures_total{kind}               failed requests, each once, by kind
                                                 (hayate help load output)
  hayate_load_retries_total                      with --retry: sent again
  hayate_load_read_bytes_total                   bytes of responses
  hayate_load_sent_bytes_total                   bytes of requests
  hayate_load_received_total                     events (--sse), or messages of
                                                 WebSockets
  hayate_load_latency_seconds                    histogram: from when a request was due
                                                 (-R), or sent
  hayate_load_service_time_seconds               with -R, histogram: from the send
  hayate_load_connect_seconds                    histogram: connections, with TLS

The rate, and the 99th percentile of the last minute:

  rate(hayate_load_requests_total[1m])
  histogram_quantile(0.99, rate(hayate_load_latency_seconds_bucket[1m]))

With --on there are no metrics: what other machines count arrives at the end.
`;
