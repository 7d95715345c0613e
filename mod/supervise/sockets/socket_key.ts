/** Tells the sockets of a supervisor apart: a port may be held for TCP and for UDP. */
export function socketKey(socket: { readonly name: string; readonly datagram: boolean }): string {
  return `${socket.datagram ? "u" : ""}${socket.name}`;
}
