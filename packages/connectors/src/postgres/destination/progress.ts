import type { LoadRequest } from "@weir/protocol";

const EVERY_ROWS = 5000;
const EVERY_BYTES = 4 * 1024 * 1024;

/** Gathers small steps, so that a caller hears of every few thousand rows or few megabytes. */
export class Progress {
  readonly #tell: LoadRequest["progress"];
  #rows = 0;
  #bytes = 0;

  constructor({ progress }: Pick<LoadRequest, "progress">) {
    this.#tell = progress;
  }

  add(rows: number, bytes: number): void {
    this.#rows += rows;
    this.#bytes += bytes;
    if (this.#rows >= EVERY_ROWS || this.#bytes >= EVERY_BYTES) this.flush();
  }

  flush(): void {
    if (this.#rows > 0 || this.#bytes > 0) this.#tell(this.#rows, this.#bytes);
    this.#rows = 0;
    this.#bytes = 0;
  }
}
