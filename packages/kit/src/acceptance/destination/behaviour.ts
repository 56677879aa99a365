import type { DestinationBehaviour } from "./subject.ts";

/** A database with columns of 64-bit integers and DECIMAL(38, 9). */
export const databaseBehaviour: DestinationBehaviour = {
  modes: ["append", "overwrite", "append_dedup"],
  deletes: "hard",
  showsEarly: ["append"],
  largeIntegers: "marked",
  longDecimals: "marked",
  nul: "kept",
};

/** Files of text: every value is kept as it is, and there is no dedup. */
export const fileBehaviour: DestinationBehaviour = {
  modes: ["append", "overwrite"],
  deletes: "none",
  showsEarly: ["append"],
  largeIntegers: "kept",
  longDecimals: "kept",
  nul: "kept",
};
