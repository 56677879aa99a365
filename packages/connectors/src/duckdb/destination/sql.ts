/** A name as SQL. DuckDB knows no escapes beside the doubled quote. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export function tableSql({ schema, name }: TableName): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/** As people read it in messages. */
export function tableText({ schema, name }: TableName): string {
  return `${schema}.${name}`;
}

/** DuckDB compares names without regard to the case of A to Z; other letters are compared as they are. */
export function fold(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function tableKey({ schema, name }: TableName): string {
  return JSON.stringify([fold(schema), fold(name)]);
}

/** Milliseconds since 1970 as a TIMESTAMPTZ. */
export function instantSql(milliseconds: number): string {
  return `make_timestamptz(${Math.round(milliseconds * 1000)}::BIGINT)`;
}
