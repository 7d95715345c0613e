/** The properties of a plain object as they were, to see later whether they still are. */
export class Snapshot {
  readonly names: string[];
  /** Objects among them are compared by identity. */
  readonly values: unknown[];

  private constructor(names: string[], values: unknown[]) {
    this.names = names;
    this.values = values;
  }

  /** null for an object of a class, whose state is not in its properties alone. */
  static of(object: object): Snapshot | null {
    return isPlain(object) ? new Snapshot(Object.keys(object), Object.values(object)) : null;
  }

  /** Also null for one whose values may change within, such as lists. */
  static ofValues(object: object): Snapshot | null {
    const snapshot = Snapshot.of(object);
    return snapshot?.values.every((value) => typeof value !== "object") ? snapshot : null;
  }

  /** Whether the plain object has these properties in this order, and no others. */
  matches(object: object): boolean {
    const { names, values } = this;
    const record = object as Readonly<Record<string, unknown>>;
    let index = 0;
    for (const name in record) {
      if (name !== names[index] || record[name] !== values[index]) return false;
      index++;
    }
    return index === names.length && isPlain(object);
  }
}

/** Made by a literal, or without a prototype, and no list. */
export function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return (prototype === Object.prototype || prototype === null) && !(Symbol.iterator in object);
}
