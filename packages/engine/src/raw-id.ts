/**
 * Prefixes for `_airbyte_raw_id`: UUIDv7-shaped, 28 of 36 characters, the loader appends a row counter of eight hex
 * digits. Prefixes of one maker ascend, whatever the clock does, so that a later part's rows sort after an earlier's.
 */
export function rawIdPrefixes(now: () => number, random: () => number): () => string {
  let last = 0;
  return () => {
    last = Math.max(last + 1, now());
    const time = last.toString(16).padStart(12, "0").slice(-12);
    const variant = (8 + Math.floor(random() * 4)).toString(16);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(random, 3)}-${variant}${hex(random, 3)}-${hex(random, 4)}`;
  };
}

function hex(random: () => number, digits: number): string {
  return Math.floor(random() * 16 ** digits)
    .toString(16)
    .padStart(digits, "0");
}
