/** `hayate help load streams`. */
export const streamsText = `Event streams: --sse

  hayate load --sse -c 1000 -d 1m https://10.0.0.2/events
  hayate load --sse --http2 -c 100 -m 100 -d 1m https://10.0.0.2/events
  hayate load --sse -n 500 -R 20 -c 200 http://10.0.0.2/completions

opens -c streams (times -m with --http2), holds them and counts their events as the
HTML standard says: an event is a block of lines with data. Comments are none. A
request is a stream, and is answered when its head has arrived:

  Latency, Req/Sec   wrk's block: how long opening took, streams opened a second
  Event streams:     open at the start, by the warm-up; opened; ended by the server, which is no failure; broken, which is
                     one; open at the end
  Events:            all of them, a second, and by stream
  First event        from the send (-R: from when it was due) to the first event
  Gap                between two events of a stream; those that arrive in one read
                     have none

-d ends the run with its streams open. -n opens exactly so many streams, and the run
ends when the server has ended them all, or with -d. -R opens so many streams a
second; with fewer free connections than that they are opened late. -T is the time
for the head: how long nothing may happen on a stream, only --fail-if can say
('gap-p99>5s').

A response with status 400 or above is a failure of kind status. One that is no event
stream for another reason is a failure of kind notEventStream, with its status, its
content type or its content coding, and its bytes are not read for events. A stream that ends in the middle
of its framing is truncated, as any response. An event of more than 16 MiB is a
failure (protocol, eventTooLong). None of these is counted as an event.

When a stream has ended, its connection opens the next one at once. --reconnect does
what a browser does: it waits for the time that the server gave with retry: (3 s
without), and sends the last id: as Last-Event-ID.

Accept: text/event-stream is sent unless -H has another. In --fail-if: events, ended
(streams), first-event-p99 and gap-p99 and the like. With --phases the transfer ends
with the head. Events of the warm-up are not counted; streams that it opened go on.
`;
