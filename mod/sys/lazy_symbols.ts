/**
 * C library functions that cost nothing until they are called.
 *
 * Deno compiles machine code for every function that it binds: 50 to 250 us each, several
 * milliseconds of start-up time for all functions of this program, and a process calls few of them.
 * So only those that are called often are bound; the others are looked up with dlsym(3) on their
 * first call and called without compiled code, which takes about a microsecond.
 */
type Symbols<S extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<S>["symbols"];

// glibc before 2.34 has dlsym in a separate library; later versions keep an empty one of that name.
const { dlsym } = Deno.dlopen("libdl.so.2", {
  dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
}).symbols;

/**
 * The functions of libc as properties; `often` names those to bind at once. The object's shape
 * never changes, so V8 does not have to discard compiled code.
 *
 * Throws if one of `often` is missing. Any other missing function throws on first access, or is
 * null if declared optional.
 */
export function lazySymbols<S extends Record<string, Deno.ForeignFunction>>(
  symbols: S,
  often: readonly (keyof S & string)[] = [],
): Symbols<S> {
  const calls: Record<string, unknown> = often.length === 0 ? {} : bind(symbols, often);
  for (const name of Object.keys(symbols)) {
    if (often.includes(name)) continue;
    // null marks an optional function that this libc does not have.
    let call: unknown;
    Object.defineProperty(calls, name, {
      enumerable: true,
      get: () => call === undefined ? call = lookUp(name, symbols[name]) : call,
    });
  }
  return calls as Symbols<S>;
}

/**
 * The functions of libc as properties, all with compiled code: of those in `atOnce` now, of any other
 * when it is first needed. Throws if one of `atOnce` is missing, and on first access to another that is
 * missing; one that is declared optional is null then.
 */
export function compiledSymbols<S extends Record<string, Deno.ForeignFunction>>(
  symbols: S,
  atOnce: readonly (keyof S & string)[],
): Symbols<S> {
  const calls: Record<string, unknown> = atOnce.length === 0 ? {} : bind(symbols, atOnce);
  for (const name of Object.keys(symbols)) {
    if (atOnce.includes(name)) continue;
    let call: unknown;
    Object.defineProperty(calls, name, {
      enumerable: true,
      get: () => call === undefined ? call = bind(symbols, [name])[name] : call,
    });
  }
  return calls as Symbols<S>;
}

/** Compiles code for some functions. */
function bind(
  symbols: Record<string, Deno.ForeignFunction>,
  names: readonly string[],
): Record<string, unknown> {
  const some = Object.fromEntries(names.map((name) => [name, symbols[name]]));
  return { ...Deno.dlopen("libc.so.6", some).symbols };
}

function lookUp(key: string, definition: Deno.ForeignFunction): unknown {
  const name = definition.name ?? key;
  const pointer = dlsym(null, new TextEncoder().encode(`${name}\0`)) as
    | Deno.PointerObject<Deno.ForeignFunction>
    | null;
  if (pointer !== null) {
    const callable = new Deno.UnsafeFnPointer(pointer, definition);
    return callable.call.bind(callable);
  }
  if (definition.optional) return null;
  throw new TypeError(`Cannot call ${name}: libc has no such function`);
}
