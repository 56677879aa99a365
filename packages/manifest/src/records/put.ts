import { isObject, type JsonObject, type JsonValue } from "@weir/protocol";
import { pathError, setMember } from "./members.ts";

/** A longer list is the mistake of a path. */
const MAX_POSITION = 100_000;
const POSITION = /^\d{1,15}$/;

/**
 * Sets the value at a path, making objects and lists on the way: a list where the next part is a number. Fails with
 * `manifest.path` where the way leads through a text, a number or null.
 */
export function put(record: JsonObject, path: readonly string[], value: JsonValue): void {
  const last = path.length - 1;
  let current: JsonValue = record;
  for (let at = 0; at < last; at++) {
    const part = path[at] ?? "";
    let next: JsonValue | undefined = read(current, part);
    if (next === undefined) {
      next = POSITION.test(path[at + 1] ?? "") ? [] : {};
      write(current, part, next);
    }
    if (!Array.isArray(next) && !isObject(next))
      throw pathError(`The path ${path.join(".")} leads through ${part}, which is neither object nor list.`);
    current = next;
  }
  write(current, path[last] ?? "", value);
}

function read(target: JsonValue, part: string): JsonValue | undefined {
  if (Array.isArray(target)) return (target as readonly JsonValue[])[positionOf(part)];
  return isObject(target) && Object.hasOwn(target, part) ? target[part] : undefined;
}

function write(target: JsonValue, part: string, value: JsonValue): void {
  if (Array.isArray(target)) {
    const list = target as JsonValue[];
    const position = positionOf(part);
    while (list.length < position) list.push(null);
    list[position] = value;
  } else if (isObject(target)) setMember(target, part, value);
}

function positionOf(part: string): number {
  const position = POSITION.test(part) ? Number(part) : Number.NaN;
  if (position <= MAX_POSITION) return position;
  throw pathError(`"${part}" is no position in a list.`);
}
