/** `hayate help load websockets`. */
export const webSocketsText = `WebSockets: ws:// and wss://

  hayate load -c 1000 -d 30s ws://10.0.0.2/echo
  hayate load -c 200 -R 5000 -b @message.json wss://10.0.0.2/rpc
  hayate load -c 10000 -d 5m --answer none wss://10.0.0.2/feed
  hayate load -c 50 ws://unix:/tmp/app.sock:/echo

opens -c WebSockets (RFC 6455 over HTTP/1.1) and keeps them open. A request is a
message, and the latency is the time until its answer. Without -R each socket sends its
next message when the answer has arrived; with -R messages are due by one schedule for
all sockets, as requests are. -n is the number of messages, -T the time for the
handshake and for an answer.

  --answer any    the next message that arrives is the answer (the default)
  --answer echo   only one with the same content is; others are counted as received
  --answer none   with -R messages are sent and nothing is awaited; without it sockets
                  are only held, and what arrives is counted

-b is the message: text if it is UTF-8, else binary, as with --binary; "hello" without
-b. -H adds fields to the handshake, such as Origin, Cookie or Sec-WebSocket-Protocol.

  WebSockets:    handshakes that were accepted, sockets open at the end, and the time
                 from connect to the answer to the handshake, with TLS
  Messages:      sent; received, answers and others; received a second
  Handshakes:    those without an answer when the run ended
  Pings:         each ping is answered
  Close frames:  those that the server did not answer

When the run is over each socket sends a close frame (1000) and waits for the server's,
as long as -T says and five seconds at most. That is in no other figure.

Kinds of failure: handshake, with its status or what was wrong with the answer;
closed, with the server's close code, 1006 for an end without a close frame; protocol:
badFrame, invalidText, messageTooLong (more than 16 MiB); timeout. The socket is
replaced.

Each frame has a mask of its own. Fragments are joined, text is checked to be UTF-8,
and no message is kept, however long. permessage-deflate is not offered: the server's
compression would be measured, and ours. WebSockets over HTTP/2 are not supported.

In --fail-if: the latency as for requests, messages (received), handshake and closed.
With --phases the first byte is that of the answer.
`;
