/** Resolves host names to IPv4 addresses with libc, which honours /etc/hosts (gethostbyname(3)). */
const symbols = {
  gethostbyname: { parameters: ["buffer"], result: "pointer" },
} as const;

/** Offsets in struct hostent, the same on x86-64 and arm64. */
const lengthOffset = 20;
const listOffset = 24;

/** The first IPv4 address of `name`, or null. Blocks during the lookup: for start-up only. */
export function lookupIpv4(name: string): string | null {
  const library = Deno.dlopen("libc.so.6", symbols);
  try {
    const entry = library.symbols.gethostbyname(new TextEncoder().encode(`${name}\0`));
    if (entry === null) return null;
    const view = new Deno.UnsafePointerView(entry);
    if (view.getInt32(lengthOffset) !== 4) return null;
    const list = view.getPointer(listOffset);
    const first = list === null ? null : new Deno.UnsafePointerView(list).getPointer();
    if (first === null) return null;
    return [...new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(first, 4))].join(".");
  } finally {
    library.close();
  }
}
