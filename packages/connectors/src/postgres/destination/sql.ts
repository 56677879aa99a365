import { identifier, literal, qualified } from "../quote.ts";
import type { TableName } from "./names.ts";

export function tableText({ schema, name }: TableName): string {
  return qualified(name, schema);
}

/** A text[] parameter. */
export function textArray(texts: readonly (string | null)[]): string {
  const items = texts.map((text) => (text === null ? "NULL" : `"${text.replaceAll(/["\\]/g, "\\$&")}"`));
  return `{${items.join(",")}}`;
}

/** Columns as SQL text, each with the same prefix: `f."a", f."b"`. */
export function columnList(columns: readonly string[], prefix = ""): string {
  return columns.map((column) => prefix + identifier(column)).join(", ");
}

/** Statements as one script: one round trip, all or nothing. */
export function transaction(statements: readonly string[]): string {
  return ["BEGIN", ...statements, "COMMIT"].join(";\n");
}

export { identifier, literal };
