/** A name as SQL text. PostgreSQL cuts names beyond 63 bytes; what comes from its catalog never is that long. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`, or the name alone. */
export function qualified(name: string, schema?: string): string {
  return schema === undefined || schema === ""
    ? identifier(name)
    : `${identifier(schema)}.${identifier(name)}`;
}

/** A text as an SQL literal, right whatever standard_conforming_strings says. The text may not hold NUL. */
export function literal(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return text.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}
