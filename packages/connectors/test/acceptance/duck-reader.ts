import { DuckDBInstance } from "@duckdb/node-api";

/** Reads a DuckDB file that nobody has open, every value as its own text. */
export function duckReader(path: string) {
  return async (sql: string): Promise<readonly Readonly<Record<string, string | null>>[]> => {
    const instance = await DuckDBInstance.create(path);
    try {
      const connection = await instance.connect();
      await connection.run("SET TimeZone = 'UTC'");
      const found = await connection.runAndReadAll(sql);
      const names = found.columnNames();
      const rows = found.getRows().map((row) => {
        const cells = row.map((value, at) => [names[at] ?? "", value === null ? null : String(value)]);
        return Object.fromEntries(cells) as Readonly<Record<string, string | null>>;
      });
      connection.closeSync();
      return rows;
    } finally {
      instance.closeSync();
    }
  };
}
