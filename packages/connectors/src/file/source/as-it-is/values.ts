import type { FieldKind, WireColumn } from "@weir/protocol";
import { SCALAR_KINDS } from "@weir/protocol";
import { type Automaton, bytesOf, DIGITS, range } from "./automaton.ts";

/** Kinds whose canonical texts an automaton knows. JSON nests, which none can follow. */
const KNOWN: ReadonlySet<FieldKind> = new Set(SCALAR_KINDS);

export function isKnown({ field }: WireColumn): boolean {
  return KNOWN.has(field.kind);
}

/** Digits that bind: after the point, and in all. */
export interface Digits {
  readonly scale: number;
  readonly total: number;
}

/** `DECIMAL(p,s)` of the encoding's column binds the scale. */
export function digitsOf({ type }: WireColumn, total: number): Digits {
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1];
  return { scale: scale === undefined ? total : Number(scale), total };
}

/** Adds the canonical texts of a kind that is not string, beginning at a state; returns the states where one may end. */
export function addValue(
  machine: Automaton,
  from: number,
  kind: FieldKind,
  digits: Digits,
): readonly number[] {
  switch (kind) {
    case "boolean":
      return ["true", "false"].map((word) => machine.follow(from, bytesOf(word)));
    case "integer":
      return addInteger(machine, from, digits);
    case "number":
      return addNumber(machine, from, digits);
    case "date":
      return [addDate(machine, from)];
    case "time_without_timezone":
      return addTime(machine, from);
    case "time_with_timezone":
      return addOffset(machine, addTime(machine, from));
    default: {
      const separator = addDate(machine, from);
      const time = machine.state();
      machine.on(separator, bytesOf(" T"), time);
      const ends = addTime(machine, time);
      return kind === "timestamp_with_timezone" ? addOffset(machine, ends) : ends;
    }
  }
}

/** Without leading zeros, which would be told as a change. */
function addInteger(machine: Automaton, from: number, { total }: Digits): readonly number[] {
  const zero = machine.state();
  machine.on(from, bytesOf("0"), zero);
  const signed = machine.state();
  machine.on(from, bytesOf("-"), signed);
  const ends = [zero];
  let at = machine.state();
  machine.on(from, range("1", "9"), at);
  machine.on(signed, range("1", "9"), at);
  for (let count = 1; ; count++) {
    ends.push(at);
    if (count >= total) return ends;
    const next = machine.state();
    machine.on(at, DIGITS, next);
    at = next;
  }
}

function addNumber(machine: Automaton, from: number, { scale, total }: Digits): readonly number[] {
  const ends: number[] = [];
  const fraction = (whole: number, count: number): void => {
    ends.push(whole);
    const places = Math.min(scale, total - count);
    if (places < 1) return;
    let at = machine.state();
    machine.on(whole, bytesOf("."), at);
    for (let place = 0; place < places; place++) {
      const next = machine.state();
      machine.on(at, DIGITS, next);
      ends.push(next);
      at = next;
    }
  };
  const signed = machine.state();
  machine.on(from, bytesOf("-"), signed);
  const zero = machine.state();
  let at = machine.state();
  for (const start of [from, signed]) {
    machine.on(start, bytesOf("0"), zero);
    machine.on(start, range("1", "9"), at);
  }
  fraction(zero, 1);
  for (let count = 1; ; count++) {
    fraction(at, count);
    if (count >= total) return ends;
    const next = machine.state();
    machine.on(at, DIGITS, next);
    at = next;
  }
}

/** `YYYY-MM-DD` of the years 1 to 9999; days that a month lacks are left to the destination, which refuses them. */
function addDate(machine: Automaton, from: number): number {
  let [zeros, any] = [from, -1];
  for (let place = 0; place < 4; place++) {
    const nextAny = machine.state();
    const nextZeros = place < 3 ? machine.state() : 0;
    machine.on(zeros, bytesOf("0"), nextZeros);
    machine.on(zeros, range("1", "9"), nextAny);
    if (any >= 0) machine.on(any, DIGITS, nextAny);
    [zeros, any] = [nextZeros, nextAny];
  }
  const month = machine.follow(any, bytesOf("-"));
  const dash = machine.state();
  branch(machine, month, "0", range("1", "9"), dash);
  branch(machine, month, "1", range("0", "2"), dash);
  const day = machine.follow(dash, bytesOf("-"));
  const end = machine.state();
  branch(machine, day, "0", range("1", "9"), end);
  branch(machine, day, "1", DIGITS, end);
  branch(machine, day, "2", DIGITS, end);
  branch(machine, day, "3", range("0", "1"), end);
  return end;
}

/** `HH:MM:SS[.ffffff]`. */
function addTime(machine: Automaton, from: number): readonly number[] {
  let at = machine.state();
  branch(machine, from, "0", DIGITS, at);
  branch(machine, from, "1", DIGITS, at);
  branch(machine, from, "2", range("0", "3"), at);
  for (let part = 0; part < 2; part++) at = sixty(machine, machine.follow(at, bytesOf(":")));
  const ends = [at];
  at = machine.follow(at, bytesOf("."));
  for (let place = 0; place < 6; place++) {
    const next = machine.state();
    machine.on(at, DIGITS, next);
    ends.push(next);
    at = next;
  }
  return ends;
}

function sixty(machine: Automaton, from: number): number {
  const end = machine.state();
  for (const tens of "012345") branch(machine, from, tens, DIGITS, end);
  return end;
}

/** `Z` or `+HH[:MM]`, below 16 hours. */
function addOffset(machine: Automaton, from: readonly number[]): readonly number[] {
  const zulu = machine.state();
  const hours = machine.state();
  for (const each of from) {
    machine.on(each, bytesOf("Z"), zulu);
    machine.on(each, bytesOf("+-"), hours);
  }
  const whole = machine.state();
  branch(machine, hours, "0", DIGITS, whole);
  branch(machine, hours, "1", range("0", "5"), whole);
  return [zulu, whole, sixty(machine, machine.follow(whole, bytesOf(":")))];
}

function branch(
  machine: Automaton,
  from: number,
  first: string,
  second: readonly number[],
  to: number,
): void {
  machine.on(machine.follow(from, bytesOf(first)), second, to);
}
