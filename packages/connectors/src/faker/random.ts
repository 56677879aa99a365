/**
 * Randomness without a sequence: every value is a hash of seed, field and row number, so that any row can be made
 * without those before it, and a column that is not selected changes no other.
 */

/** 32 well mixed bits of 32 bits. */
function mix(bits: number): number {
  let x = bits ^ (bits >>> 16);
  x = Math.imul(x, 0x21f0aaad);
  x ^= x >>> 15;
  x = Math.imul(x, 0x735a2d97);
  return x ^ (x >>> 15);
}

/** Where a field's values begin: one number for each seed, stream and field. */
export function saltOf(seed: number, name: string): number {
  let salt = mix(seed | 0) ^ mix(Math.floor(seed / 0x1_0000_0000) | 0);
  for (let at = 0; at < name.length; at++) salt = mix(salt ^ name.charCodeAt(at));
  return salt;
}

/** 32 bits for a row, as an integer from 0. */
export function bitsOf(salt: number, row: number): number {
  return mix(Math.imul(row, 0x9e3779b1) + salt) >>> 0;
}

const TO_FRACTION = 1 / 0x1_0000_0000;

/** An integer from 0 to below `span` out of 32 bits. */
export function pick(bits: number, span: number): number {
  return Math.floor(bits * TO_FRACTION * span);
}
