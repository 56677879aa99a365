import { formatTimestamp } from "@weir/kit";
import type { Change, RowMeta } from "@weir/protocol";
import { EXTRACTED_AT, GENERATION_ID, META, RAW_ID } from "./names.ts";

export function rawId(meta: RowMeta, row: number): string {
  return meta.rawIdPrefix + row.toString(16).padStart(8, "0");
}

/** Text of `_airbyte_extracted_at`. */
export function instantText(milliseconds: number): string {
  return formatTimestamp(Math.round(milliseconds * 1000), "+00");
}

/** Text of `_airbyte_meta`. */
export function metaText(sync: number, changes: readonly Change[]): string {
  return JSON.stringify({ sync_id: sync, changes });
}

export type MetaColumn = typeof RAW_ID | typeof EXTRACTED_AT | typeof META | typeof GENERATION_ID;

/** Weir's columns, the raw id first, with their text for a row without changes; the raw id's lacks the row's number. */
export type MetaTexts = ReadonlyMap<MetaColumn, string>;

export function metaTexts({ rawIdPrefix, extractedAt, sync, generation }: RowMeta): MetaTexts {
  return new Map([
    [RAW_ID, rawIdPrefix],
    [EXTRACTED_AT, instantText(extractedAt)],
    [META, metaText(sync, [])],
    [GENERATION_ID, String(generation)],
  ]);
}

/** A text that holds a row's number as eight hex digits, counted up in place: cheaper than formatting each. */
export class Numbered {
  readonly bytes: Buffer;
  readonly #first: number;

  /** `at` is where the eight digits begin; they are set to zero. */
  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.#first = at;
    bytes.fill("0", at, at + 8, "latin1");
  }

  next(): void {
    const { bytes } = this;
    for (let at = this.#first + 7; at >= this.#first; at--) {
      const digit = bytes[at];
      if (digit === 0x66) {
        bytes[at] = 0x30;
        continue;
      }
      bytes[at] = digit === 0x39 ? 0x61 : (digit ?? 0) + 1;
      return;
    }
    throw new RangeError("A load has at most 4,294,967,296 rows.");
  }
}
