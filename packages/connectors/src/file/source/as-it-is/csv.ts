import type { CsvDialect, WireColumn } from "@weir/protocol";
import { Automaton, bytesOf, type Table } from "./automaton.ts";
import { addValue, digitsOf } from "./values.ts";

/** More digits than any column holds: the destination refuses what it cannot hold. */
const DIGITS_IN_ALL = 60;

/**
 * The rows of a CSV file whose values are canonical, each with as many values as there are columns. State 1 is the start
 * of a row after another; the state returned is the start of the first.
 */
export function csvTable(
  dialect: Pick<CsvDialect, "columns" | "delimiter" | "quote" | "lineEnd" | "null">,
  columns: readonly WireColumn[],
): Table {
  const machine = new Automaton();
  const first = machine.state();
  const byName = new Map(columns.map((column) => [column.field.name, column]));
  let start = first;
  dialect.columns.forEach((name, index) => {
    const column = name === null ? undefined : byName.get(name);
    const isLast = index === dialect.columns.length - 1;
    const next = isLast ? 0 : machine.state();
    const end = (state: number): void => {
      if (!isLast) return machine.on(state, bytesOf(dialect.delimiter), next);
      if (dialect.lineEnd === "\n") return machine.on(state, bytesOf("\n"), first);
      const line = machine.state();
      machine.on(state, bytesOf("\r"), line);
      machine.on(line, bytesOf("\n"), first);
    };
    addColumn(machine, start, column, dialect, end);
    start = next;
  });
  return machine.compile();
}

function addColumn(
  machine: Automaton,
  start: number,
  column: WireColumn | undefined,
  { delimiter, quote, null: nullText }: Pick<CsvDialect, "delimiter" | "quote" | "null">,
  end: (state: number) => void,
): void {
  const isText = column === undefined || column.field.kind === "string";
  if (isText) {
    const plain = machine.state();
    const bytes = allBut(`\0\r\n${delimiter}${quote}`);
    machine.on(start, bytes, plain);
    machine.on(plain, bytes, plain);
    end(start);
    end(plain);
  } else {
    const digits = digitsOf(column, DIGITS_IN_ALL);
    for (const state of addValue(machine, start, column.field.kind, digits)) end(state);
    end(machine.follow(start, bytesOf(nullText)));
  }
  if (quote === "") return;
  if (isText) return addQuoted(machine, start, quote, nullText, end);
  const inside = machine.state();
  const after = machine.state();
  machine.on(start, bytesOf(quote), inside);
  end(after);
  const digits = digitsOf(column, DIGITS_IN_ALL);
  for (const state of addValue(machine, inside, column.field.kind, digits))
    machine.on(state, bytesOf(quote), after);
}

/** A quoted text, which is not the one for NULL: readers differ about that one. */
function addQuoted(
  machine: Automaton,
  start: number,
  quote: string,
  nullText: string,
  end: (state: number) => void,
): void {
  const inside = machine.state();
  const after = machine.state();
  const bytes = allBut(`\0${quote}`);
  machine.on(inside, bytes, inside);
  machine.on(inside, bytesOf(quote), after);
  machine.on(after, bytesOf(quote), inside);
  end(after);
  let at = machine.state();
  machine.on(start, bytesOf(quote), at);
  for (const byte of bytesOf(nullText)) {
    const next = machine.state();
    machine.on(at, bytes, inside);
    machine.on(at, bytesOf(quote), after);
    machine.on(at, [byte], next);
    at = next;
  }
  machine.on(at, bytes, inside);
  const doubled = machine.state();
  machine.on(at, bytesOf(quote), doubled);
  machine.on(doubled, bytesOf(quote), inside);
}

function allBut(text: string): readonly number[] {
  const out = new Set(bytesOf(text));
  return Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !out.has(byte));
}
