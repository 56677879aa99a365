import { DuckDBInstance } from "@duckdb/node-api";

// DuckDB with nothing around it: the first argument is a database file, each further one a statement.
const [file, ...statements] = process.argv.slice(2);
const instance = await DuckDBInstance.create(file);
const connection = await instance.connect();
for (const statement of statements) await connection.run(statement);
connection.closeSync();
instance.closeSync();
