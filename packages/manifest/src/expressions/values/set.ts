import { keyOf } from "./key.ts";

/** A set as literals make them; in the order in which members came. */
export class PythonSet {
  readonly #members = new Map<string | number, unknown>();

  static of(items: Iterable<unknown>): PythonSet {
    const set = new PythonSet();
    for (const item of items) set.add(item);
    return set;
  }

  get size(): number {
    return this.#members.size;
  }

  add(item: unknown): void {
    const key = keyOf(item);
    if (!this.#members.has(key)) this.#members.set(key, item);
  }

  has(item: unknown): boolean {
    return this.#members.has(keyOf(item));
  }

  items(): IterableIterator<unknown> {
    return this.#members.values();
  }
}
