import { cut, pad, printable, width } from "./width.ts";

export interface TableColumn {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Cells a text may take before it is cut; as all columns unless given. */
  readonly widest?: number;
}

export interface TableOptions {
  /** Longest cell before it is cut. */
  readonly widest?: number;
  /** Given the title line, for colours. */
  readonly head?: (line: string) => string;
}

/** Rows as lines of padded columns under their titles, two blanks apart. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): readonly string[] {
  const widest = options.widest ?? 60;
  const cells = rows.map((row) =>
    columns.map((column, index) => cut(printable(row[index] ?? ""), column.widest ?? widest)),
  );
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...cells.map((row) => width(row[index] ?? ""))),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => pad(text, widths[index] ?? 0, columns[index]?.align))
      .join("  ")
      .trimEnd();
  const head = line(columns.map((column) => column.title));
  return [options.head?.(head) ?? head, ...cells.map(line)];
}
