import type { Column, Field } from "@weir/protocol";
import type { MakeColumn } from "./columns.ts";

/** A field and how its values are made. */
export interface Made {
  readonly field: Field;
  readonly make: MakeColumn;
}

/** One generated stream. Rows are numbered from 0; the same number is always the same row. */
export interface Generator {
  readonly name: string;
  readonly rows: number;
  readonly made: readonly Made[];
  /** Bytes of a row as a batch holds it, on average over all fields. */
  readonly rowBytes: number;
}

/** The columns of the fields asked for; a field the stream does not have is NULL. */
export function columnsFor(generator: Generator, fields: readonly Field[]): readonly MakeColumn[] {
  const byName = new Map(generator.made.map(({ field, make }) => [field.name, make]));
  return fields.map(({ name }) => byName.get(name) ?? missing);
}

function missing(_from: number, rows: number): Column {
  return { form: "text", values: Array.from({ length: rows }, () => null) };
}
