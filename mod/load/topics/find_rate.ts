/** `hayate help load find-rate`. */
export const findRateText = `The highest rate that keeps a condition: --find-rate

  hayate load --find-rate 'p99<20ms' --from 1k --to 200k -t 2 http://10.0.0.2/

tries rates in an open loop, as -R does, and prints a row for each:

  1. from --from (100) on it doubles the rate until one fails, or --to (1M) is reached
  2. it bisects between the highest rate that passed and the lowest that failed, until
     they are within 5 percent
  3. it confirms the highest that passed for three times as long. If that fails, it
     goes down to the next one that has passed

Each rate runs for --warmup (1s), then is measured for -d (5s), and is judged by the
responses to all that was sent, also those that come later. It passes when

  - the condition holds. Several --find-rate must all hold; figures are those of
    --fail-if: 'p99.9<50ms', 'ttfb-p99<10ms' with --phases, 'error-rate<0.1%'
  - no request failed, unless a condition is about errors or statuses
  - every request was sent: what was due and found no free connection has no latency
    that could be judged. -c is 100 here unless it is given

The last line begins with the number. When a rate failed because this program could
not send in time, it says so: the server may do more than was found. --json has every
run and what was found as "search", --html draws latency over rate, and

  hayate load plot found.json -o curve.svg

draws it, too; with several such reports the p99 of each.

Exit 3: the lowest rate fails. 130: ended by Ctrl-C, what is known is printed.
`;
