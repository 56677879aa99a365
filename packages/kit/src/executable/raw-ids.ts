/** Fraction digits that tell writers apart which start within the same millisecond: 48 bits. */
const RANDOM = 2 ** 24;

/**
 * Makes the first 28 characters of UUIDs of version 7, each greater than the one before: the time is pushed ahead of a
 * clock that stands still.
 */
export function rawIdPrefixes(now: () => number, random: () => number): () => string {
  let time = 0;
  const digits = (value: number, length: number): string => value.toString(16).padStart(length, "0");
  return () => {
    time = Math.max(time + 1, Math.floor(now()));
    const stamp = digits(time, 12);
    const [first, second] = [0, 0].map(() => digits(Math.floor(random() * RANDOM), 6)) as [string, string];
    const tail = `7${first.slice(0, 3)}-8${first.slice(3)}-${second.slice(0, 4)}`;
    return `${stamp.slice(0, 8)}-${stamp.slice(8)}-${tail}`;
  };
}
