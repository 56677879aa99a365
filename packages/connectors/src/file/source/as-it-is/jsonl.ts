import type { WireColumn } from "@weir/protocol";
import { Automaton, bytesOf, type Table } from "./automaton.ts";
import { addValue, digitsOf } from "./values.ts";

/**
 * Digits that a number may have. Many readers take one with a point for a double, which holds every decimal of 15; of
 * integers of 19 some are beyond 64 bits.
 */
export const JSON_DIGITS = { number: 15, integer: 18 } as const;

/**
 * Lines of JSON objects whose keys come in the columns' order, each at most once, with canonical values or null. A blank
 * may follow a comma and a colon. Escapes with \u are left out: they can spell what no text holds.
 */
export function jsonlTable(columns: readonly WireColumn[]): Table {
  const machine = new Automaton();
  const first = machine.state();
  const close = machine.state();
  const line = machine.state();
  machine.on(close, bytesOf("\n"), first);
  machine.on(close, bytesOf("\r"), line);
  machine.on(line, bytesOf("\n"), first);
  const values = columns.map(() => machine.state());
  const keysFrom = columns.map((_, index) => keys(machine, columns, values, index));
  const none = machine.state();
  columns.forEach((column, index) => {
    const start = values[index] ?? 0;
    // The blank leads to a state of its own: a second one is not taken.
    const begin = machine.state();
    const ends = addJsonValue(machine, begin, column);
    const comma = keysFrom[index + 1] ?? none;
    const afterComma = machine.state();
    if (comma !== none) {
      machine.on(afterComma, bytesOf(" "), comma);
      machine.on(afterComma, bytesOf('"'), machine.next(comma, 0x22));
    }
    for (const state of ends) {
      machine.on(state, bytesOf("}"), close);
      if (comma !== none) machine.on(state, bytesOf(","), afterComma);
    }
    for (let byte = 0; byte < 256; byte++) {
      const to = machine.next(begin, byte);
      if (to !== 0) machine.on(start, [byte], to);
    }
    machine.on(start, bytesOf(" "), begin);
  });
  const open = machine.follow(first, bytesOf("{"));
  machine.on(open, bytesOf("}"), close);
  machine.on(open, bytesOf('"'), machine.next(keysFrom[0] ?? none, 0x22));
  return machine.compile();
}

/** A state from which any key from a column on may follow, with its colon. */
function keys(
  machine: Automaton,
  columns: readonly WireColumn[],
  values: readonly number[],
  from: number,
): number {
  const root = machine.state();
  columns.slice(from).forEach(({ field }, offset) => {
    const end = machine.follow(root, bytesOf(JSON.stringify(field.name)));
    machine.on(end, bytesOf(":"), values[from + offset] ?? 0);
  });
  return root;
}

function addJsonValue(machine: Automaton, from: number, column: WireColumn): readonly number[] {
  const { kind } = column.field;
  const none = machine.follow(from, bytesOf("null"));
  if (kind === "boolean" || kind === "integer" || kind === "number") {
    const digits = digitsOf(column, kind === "integer" ? JSON_DIGITS.integer : JSON_DIGITS.number);
    return [none, ...addValue(machine, from, kind, digits)];
  }
  const inside = machine.state();
  const end = machine.state();
  machine.on(from, bytesOf('"'), inside);
  if (kind !== "string") {
    const ends = addValue(machine, inside, kind, { scale: 0, total: 0 });
    for (const state of ends) machine.on(state, bytesOf('"'), end);
    return [none, end];
  }
  const escape = machine.state();
  for (let byte = 0x20; byte < 256; byte++) machine.on(inside, [byte], inside);
  machine.on(inside, bytesOf("\\"), escape);
  machine.on(escape, bytesOf('"\\/bfnrt'), inside);
  machine.on(inside, bytesOf('"'), end);
  return [none, end];
}
