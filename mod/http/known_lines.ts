/** In place of a number: the line is not expected again, so that looking for it is not worth it. */
export const unrepeated = -1;

const noPlaces = new Int32Array(0);
const noNumbers = new Float64Array(0);

/**
 * Lines of a head that are copies of fields of HTTP/2, with what is known of those: where their parts
 * are, and their numbers (see `MessageHead.numbers`), by which an encoder recognises them without
 * reading them.
 */
export class KnownLines {
  /** Whether anybody asks: else nothing is noted. */
  isWanted = false;
  count = 0;
  /** Three offsets for each, in ascending order: its start, the end of its name, its end. */
  places = noPlaces;
  /** The number of the field, 0 without one, or `unrepeated`. That of the Host line is the number of `:authority`. */
  numbers = noNumbers;

  clear(): void {
    this.isWanted = false;
    this.count = 0;
  }

  /** Notes a line, `name: value CRLF`, which is behind those that were noted before. */
  add(start: number, nameEnd: number, end: number, number: number): void {
    if (this.count === this.numbers.length) this.#grow();
    const place = 3 * this.count;
    this.places[place] = start;
    this.places[place + 1] = nameEnd;
    this.places[place + 2] = end;
    this.numbers[this.count++] = number;
  }

  /** Notes the lines of another head, of which this one has a copy, `shift` bytes further on. */
  addAll({ count, places, numbers }: KnownLines, shift: number): void {
    for (let i = 0; i < count; i++) {
      const place = 3 * i;
      this.add(
        places[place] + shift,
        places[place + 1] + shift,
        places[place + 2] + shift,
        numbers[i],
      );
    }
  }

  #grow(): void {
    const places = new Int32Array(Math.max(48, 2 * this.places.length));
    const numbers = new Float64Array(places.length / 3);
    places.set(this.places);
    numbers.set(this.numbers);
    this.places = places;
    this.numbers = numbers;
  }
}
