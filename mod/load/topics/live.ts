/** `hayate help load live`. */
export const liveText = `A run on the terminal while it lasts (--live)

  Requests/s   of the last second, the rate that -R asks for at this moment, failed
               requests so far, open connections, bytes read
  Latency      of the last second: p50, p90, p99 and the maximum
  charts       a column for each second, as many as the terminal has columns: the rate;
               latency up to p50, p90, p99 and the maximum, on a logarithmic scale; and
               failed requests a second, once there are any

  q            ends the run as Ctrl-C does: what was measured is reported, exit 130
  p            prints what is shown, so that it stays above the results
  Ctrl-C       ends the run; once more leaves at once
  Ctrl-Z       gives the terminal back until fg

It is drawn on stderr, on the terminal's alternate screen: at the end the terminal is as
before, and the results follow. What does not fit into a small terminal is left out, from
the charts down to the first figures. Without colours with NO_COLOR=1, and in ASCII where
LC_ALL, LC_CTYPE or LANG does not say UTF-8. When stderr is no terminal, or TERM is dumb,
or the program runs in the background, one line says so, and the plain progress is shown.
Keys are read when stdin is the terminal.
`;
