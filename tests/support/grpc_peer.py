"""A gRPC server and a client of Debian's python3-grpcio, whose messages are plain bytes.

grpc_peer.py serve PORT [CERT KEY]     prints "ready"; also answers grpc.health.v1.Health/Check
grpc_peer.py call PORT CALL...         prints one line for each call
"""
import queue
import sys
import time
from concurrent import futures

import grpc

HEALTHS = {b"": b"\x08\x01", b"\x0a\x02up": b"\x08\x01", b"\x0a\x04down": b"\x08\x02"}


def unary(request, context):
    if request == b"fail":
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    if request == b"slow":
        time.sleep(5)
    context.set_trailing_metadata((("x-trail", "t1"), ("x-data-bin", b"\x00\xff")))
    return b"echo:" + request


def server_stream(request, _context):
    for number in range(3):
        yield b"%d:" % number + request


def client_stream(requests, _context):
    return b"|".join(requests)


def bidi(requests, _context):
    for request in requests:
        yield b"echo:" + request


def check(request, context):
    if request not in HEALTHS:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return HEALTHS[request]


class Handlers(grpc.GenericRpcHandler):
    def service(self, details):
        return {
            "/test.Calls/Unary": grpc.unary_unary_rpc_method_handler(unary),
            "/test.Calls/ServerStream": grpc.unary_stream_rpc_method_handler(server_stream),
            "/test.Calls/ClientStream": grpc.stream_unary_rpc_method_handler(client_stream),
            "/test.Calls/Bidi": grpc.stream_stream_rpc_method_handler(bidi),
            "/grpc.health.v1.Health/Check": grpc.unary_unary_rpc_method_handler(check),
        }.get(details.method)


def serve(port, files):
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Handlers(),))
    if files:
        certificate, key = (open(name, "rb").read() for name in files)
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        server.add_secure_port(f"127.0.0.1:{port}", credentials)
    else:
        server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


def call_unary(channel, request, timeout=10):
    reply, call = channel.unary_unary("/test.Calls/Unary").with_call(request, timeout=timeout)
    trailers = {item.key: item.value for item in call.trailing_metadata()}
    return len(reply), reply[:9], trailers["x-trail"], trailers["x-data-bin"]


def call_bidi(channel):
    """Each request is sent after the reply to the one before has arrived."""
    waiting = queue.Queue()
    call = channel.stream_stream("/test.Calls/Bidi")(iter(waiting.get, None), timeout=10)
    replies = []
    for number in range(3):
        waiting.put(b"%d" % number)
        replies.append(next(call))
    waiting.put(None)
    return replies + list(call), call.code().name


CALLS = {
    "unary": lambda channel: call_unary(channel, b"hi"),
    "big": lambda channel: call_unary(channel, b"x" * 3_000_000),
    "fail": lambda channel: call_unary(channel, b"fail"),
    "slow": lambda channel: call_unary(channel, b"slow", timeout=None),
    "server": lambda channel: list(
        channel.unary_stream("/test.Calls/ServerStream")(b"a", timeout=10)
    ),
    "client": lambda channel: channel.stream_unary("/test.Calls/ClientStream")(
        iter([b"a", b"b", b"c"]), timeout=10
    ),
    "bidi": call_bidi,
}


def attempt(channel, name):
    run = CALLS.get(name, lambda channel: channel.unary_unary(name)(b"", timeout=10))
    try:
        return run(channel)
    except grpc.RpcError as error:
        return f"{error.code().name}: {error.details()}"


if sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3:])
else:
    with grpc.insecure_channel(f"127.0.0.1:{sys.argv[2]}") as channel:
        for name in sys.argv[3:]:
            print(name, attempt(channel, name), flush=True)
