import type { RowMeta } from "@weir/protocol";
import type { Outbox } from "./outbox.ts";
import { malformed } from "./malformed.ts";
import { metaTexts, Numbered } from "./row-meta.ts";

const NEWLINE = 10;

/** Puts Weir's four columns before each line of a COPY text stream. A line feed inside a value is escaped there. */
export class LineWriter {
  rows = 0;
  readonly #out: Outbox;
  readonly #head: Numbered;
  #inLine = false;

  constructor(out: Outbox, meta: RowMeta, columns: number) {
    this.#out = out;
    const [prefix = "", ...rest] = metaTexts(meta).values();
    const fields = [`${prefix}00000000`, ...rest, ...(columns > 0 ? [""] : [])];
    this.#head = new Numbered(Buffer.from(fields.join("\t")), prefix.length);
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const out = this.#out;
    const head = this.#head.bytes;
    let at = 0;
    while (at < bytes.length) {
      if (!this.#inLine) {
        out.room(head.length);
        head.copy(out.buffer, out.at);
        out.at += head.length;
        this.#head.next();
        this.rows++;
        this.#inLine = true;
      }
      const newline = bytes.indexOf(NEWLINE, at);
      const to = newline < 0 ? bytes.length : newline + 1;
      out.put(bytes, at, to);
      at = to;
      if (newline >= 0) this.#inLine = false;
    }
  }

  end(): void {
    if (this.#inLine) throw malformed("its last line has no end");
  }
}
