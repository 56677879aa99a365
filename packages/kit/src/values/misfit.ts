import type { Change } from "@weir/protocol";

/**
 * A value that is not written as the source gave it. `text` is what to write instead: null for `NULLED`, the nearest
 * value that fits for `TRUNCATED`. `change` and `reason` belong in the row's `_airbyte_meta.changes`.
 */
export interface Misfit {
  readonly change: Change["change"];
  readonly reason: Change["reason"];
  readonly text: string | null;
}

/** The value is not of the field's type. */
export const WRONG_TYPE: Misfit = Object.freeze({
  change: "NULLED",
  reason: "DESTINATION_SERIALIZATION_ERROR",
  text: null,
});

/** The value is of the field's type but no column can hold it. */
export const TOO_LARGE: Misfit = Object.freeze({
  change: "NULLED",
  reason: "DESTINATION_FIELD_SIZE_LIMITATION",
  text: null,
});

/** The value lost digits the column has no room for. */
export function truncated(text: string): Misfit {
  return { change: "TRUNCATED", reason: "DESTINATION_FIELD_SIZE_LIMITATION", text };
}

/** The text holds half of a surrogate pair, which UTF-8 cannot spell; U+FFFD stands in its place. */
export function mended(text: string): Misfit {
  return { change: "TRUNCATED", reason: "DESTINATION_SERIALIZATION_ERROR", text: text.toWellFormed() };
}

/** Tells a Misfit from the text or null that `textReader` returns otherwise. */
export function isMisfit(value: unknown): value is Misfit {
  return typeof value === "object" && value !== null;
}
