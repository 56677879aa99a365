import { ExactNumber } from "@weir/protocol";
import { CalendarDate, Moment, Timedelta } from "../datetime/index.ts";
import { typeError } from "../python-error.ts";

/** The same for values that Python holds equal as keys: 1, 1.0 and True are one. Fails with a TypeError for lists and dicts. */
export function keyOf(value: unknown): string | number {
  switch (typeof value) {
    case "string":
      return `s${value}`;
    case "number":
      return value;
    case "boolean":
      return value ? 1 : 0;
    case "bigint":
      return `i${value}`;
    default:
      return objectKey(value);
  }
}

function objectKey(value: unknown): string | number {
  if (value === null) return "n";
  if (value instanceof ExactNumber) return floatKey(Number(value.text));
  // Only tuples among arrays can be keys; their class is not named here, as it would close a circle of imports.
  if (Array.isArray(value) && value.constructor !== Array)
    return `t${JSON.stringify(value.map((item) => keyOf(item)))}`;
  if (value instanceof Moment) return `m${value.zone === null}${value.epoch}.${value.microsecond}`;
  if (value instanceof CalendarDate) return `d${value.days}`;
  if (value instanceof Timedelta) return `p${value.total}.${value.microseconds}`;
  if (Array.isArray(value)) throw typeError("unhashable type: 'list'");
  if (typeof value === "symbol") return "e";
  const known = identities.get(value as object);
  if (known !== undefined) return known;
  if (isPlain(value)) throw typeError("unhashable type: 'dict'");
  const made = `o${(identityCount += 1)}`;
  identities.set(value as object, made);
  return made;
}

/** Whatever else has a hash is equal to itself only. */
const identities = new WeakMap<object, string>();
let identityCount = 0;

function isPlain(value: unknown): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  const name = (value as object).constructor.name;
  return name === "Dict" || name === "PythonSet" || name === "AttributedMapping";
}

function floatKey(value: number): string | number {
  return Number.isSafeInteger(value) || !Number.isInteger(value) ? value : `i${BigInt(value)}`;
}
