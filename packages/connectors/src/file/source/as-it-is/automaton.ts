/** A finite automaton over bytes, written state by state. State 0 is dead: nothing leads out of it. */
export class Automaton {
  readonly #rows: Uint16Array[] = [];

  constructor() {
    this.state();
  }

  /** A new state, from which every byte leads to death. */
  state(): number {
    if (this.#rows.length === MAX_STATES) throw new RangeError("The automaton has too many states.");
    this.#rows.push(new Uint16Array(256));
    return this.#rows.length - 1;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** Lets bytes of a state lead to another. */
  on(from: number, bytes: Iterable<number>, to: number): void {
    const row = this.#rows[from];
    if (row !== undefined) for (const byte of bytes) row[byte] = to;
  }

  next(from: number, byte: number): number {
    return this.#rows[from]?.[byte] ?? 0;
  }

  /** Follows a text from a state, making states where there are none. */
  follow(from: number, text: Iterable<number>): number {
    let at = from;
    for (const byte of text) {
      if (this.next(at, byte) === 0) this.on(at, [byte], this.state());
      at = this.next(at, byte);
    }
    return at;
  }

  /** Bytes that lead everywhere to the same states share a column, so that the table fits the first-level cache. */
  compile(): Table {
    const classes = new Uint8Array(256);
    const columns: number[] = [];
    const known = new Map<string, number>();
    for (let byte = 0; byte < 256; byte++) {
      const key = String.fromCharCode(...this.#rows.map((row) => row[byte] ?? 0));
      let found = known.get(key);
      if (found === undefined) {
        found = columns.push(byte) - 1;
        known.set(key, found);
      }
      classes[byte] = found;
    }
    const width = columns.length;
    const next = new Int32Array(this.#rows.length * width);
    this.#rows.forEach((row, state) => {
      columns.forEach((byte, column) => (next[state * width + column] = (row[byte] ?? 0) * width));
    });
    return { classes, next, width };
  }
}

/** Of 512 bytes each until it is compiled. */
const MAX_STATES = 16_384;

export interface Table {
  readonly classes: Uint8Array;
  /** By state times `width` plus class: the next state times `width`. */
  readonly next: Int32Array;
  readonly width: number;
}

export function bytesOf(text: string): readonly number[] {
  return [...Buffer.from(text)];
}

export function range(from: string, to: string): readonly number[] {
  const first = from.charCodeAt(0);
  return Array.from({ length: to.charCodeAt(0) - first + 1 }, (_, at) => first + at);
}

export const DIGITS = range("0", "9");
