"""A client on python3-h2: h2_client.py HOST PORT [CERTIFICATE]. Prints one line for each stream.

Forty requests at once, half of them with bodies larger than the windows, over one connection.
"""

import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events

STREAMS = 40
BODY = b"0123456789" * 30_000


def connect(host, port, certificate):
    sock = socket.create_connection((host, port))
    if certificate is None:
        return sock
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["h2"])
    sock = context.wrap_socket(sock, server_hostname=host)
    assert sock.selected_alpn_protocol() == "h2"
    return sock


def main(host, port, certificate=None):
    sock = connect(host, int(port), certificate)
    conn = h2.connection.H2Connection(config=h2.config.H2Configuration(client_side=True))
    conn.initiate_connection()
    unsent, answers, open_streams = {}, {}, set()
    for index in range(STREAMS):
        stream = conn.get_next_available_stream_id()
        has_body = index % 2 == 1
        fields = [
            (":method", "POST" if has_body else "GET"),
            (":scheme", "http" if certificate is None else "https"),
            (":authority", f"{host}:{port}"),
            (":path", f"/{index}"),
            ("priority", f"u={index % 8}, i"),
        ]
        conn.send_headers(stream, fields, end_stream=not has_body)
        if has_body:
            unsent[stream] = BODY
        answers[stream] = ["", b""]
        open_streams.add(stream)
    while True:
        for stream in list(unsent):
            send_body(conn, stream, unsent)
        sock.sendall(conn.data_to_send())
        if not open_streams:
            break
        received = sock.recv(65_536)
        if not received:
            raise SystemExit("the server has closed the connection")
        for event in conn.receive_data(received):
            note(conn, event, answers, open_streams)
    for index, (status, body) in enumerate(answers.values()):
        print(index, status, body.decode())


def send_body(conn, stream, unsent):
    body = unsent[stream]
    room = min(conn.local_flow_control_window(stream), len(body))
    size = min(room, conn.max_outbound_frame_size)
    while size > 0:
        conn.send_data(stream, body[:size], end_stream=size == len(body))
        body = body[size:]
        room = min(conn.local_flow_control_window(stream), len(body))
        size = min(room, conn.max_outbound_frame_size)
    if body:
        unsent[stream] = body
    else:
        del unsent[stream]


def note(conn, event, answers, open_streams):
    if isinstance(event, h2.events.ResponseReceived):
        answers[event.stream_id][0] = dict(event.headers)[b":status"].decode()
    elif isinstance(event, h2.events.DataReceived):
        answers[event.stream_id][1] += event.data
        conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
    elif isinstance(event, h2.events.StreamEnded):
        open_streams.discard(event.stream_id)
    elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
        raise SystemExit(f"unexpected {event}")


main(*sys.argv[1:])
