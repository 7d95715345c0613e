/**
 * Reads Deno's own ReadableStreams by the slots that the Streams standard names. `read()` of a reader
 * does the same, and makes a promise and three objects for each chunk. The slots are found once by
 * their names, and tried; without them `read()` is used, which is only slower.
 */

/** Gets one chunk of a stream, or its end (Streams standard, "read request"). */
export interface ReadRequest {
  chunkSteps(chunk: unknown): void;
  closeSteps(): void;
  errorSteps(error: unknown): void;
}

/** A stream, or its controller. */
type Keyed = Record<symbol, unknown>;

interface Slots {
  readonly controller: symbol;
  readonly state: symbol;
  readonly storedError: symbol;
  readonly disturbed: symbol;
  /** Of the controllers' prototypes. */
  readonly pullSteps: symbol;
}

/** A locked stream that is read without its reader. */
export class DirectStream {
  readonly #stream: Keyed;
  readonly #slots: Slots;

  constructor(stream: ReadableStream<unknown>, slots: Slots) {
    this.#stream = stream as unknown as Keyed;
    this.#slots = slots;
  }

  /** Standard: ReadableStreamDefaultReaderRead. The steps may be called at once, or later. */
  read(request: ReadRequest): void {
    const stream = this.#stream;
    const { controller, state, storedError, disturbed, pullSteps } = this.#slots;
    stream[disturbed] = true;
    if (stream[state] === "closed") return request.closeSteps();
    if (stream[state] === "errored") return request.errorSteps(stream[storedError]);
    const owner = stream[controller] as Record<symbol, (request: ReadRequest) => void>;
    owner[pullSteps](request);
  }
}

const slots = findSlots();

/** Null: it is not of Deno's class, or this Deno keeps its streams otherwise. */
export function directStreamOf(stream: ReadableStream<unknown>): DirectStream | null {
  if (slots === null || !Object.hasOwn(stream, slots.controller)) return null;
  return new DirectStream(stream, slots);
}

function findSlots(): Slots | null {
  const stream = new ReadableStream({ start: (controller) => controller.enqueue("x") });
  const controller = slotOf(stream, "controller");
  const owner = controller && (stream as unknown as Keyed)[controller];
  const found = {
    controller,
    state: slotOf(stream, "state"),
    storedError: slotOf(stream, "storedError"),
    disturbed: slotOf(stream, "disturbed"),
    pullSteps: owner && slotOf(Object.getPrototypeOf(owner), "PullSteps"),
  };
  if (Object.values(found).includes(undefined)) return null;
  return reads(stream, found as Slots) ? found as Slots : null;
}

function slotOf(object: object, name: string): symbol | undefined {
  const symbols = Object.getOwnPropertySymbols(object);
  return symbols.find(({ description }) => description === `[[${name}]]`);
}

/** Whether the chunk of `stream` can be read by these slots. */
function reads(stream: ReadableStream, found: Slots): boolean {
  const got: unknown[] = [];
  stream.getReader();
  new DirectStream(stream, found).read({
    chunkSteps: (chunk) => void got.push(chunk),
    closeSteps: () => void got.push("end"),
    errorSteps: (error) => void got.push(error),
  });
  return got.length === 1 && got[0] === "x";
}
