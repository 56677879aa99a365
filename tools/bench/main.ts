import { duckdbDestination } from "./destinations/duckdb.ts";
import { parquetDestination } from "./destinations/parquet.ts";
import { postgresDestination } from "./destinations/postgres.ts";
import type { BenchOptions } from "./options.ts";
import { readOptions } from "./options.ts";
import { writeResults } from "./report/document.ts";
import { describeMachine, psqlVersion } from "./report/machine.ts";
import { markdownTable, plainTable, shortfalls, tableRows } from "./report/table.ts";
import { fakerToDevNull } from "./routes/from-faker.ts";
import { fromFile } from "./routes/from-file.ts";
import { fullRefresh, nothingNew } from "./routes/from-postgres.ts";
import { stdioToDevNull } from "./routes/from-stdio.ts";
import type { Route } from "./routes/route.ts";
import { limitAgainstItself } from "./routes/route.ts";
import type { Outcome } from "./run.ts";
import { runRoute } from "./run.ts";
import type { Scene } from "./scene.ts";
import { openScene } from "./scene.ts";

async function bench(options: BenchOptions): Promise<void> {
  const scene = await openScene(options.rows);
  try {
    const machine = await describeMachine(scene.servers, Date.now());
    const { postmaster } = scene.servers;
    const outcomes: Outcome[] = [];
    for (const route of routesOf(scene, options)) {
      outcomes.push(await runRoute(route, { runs: options.runs, postmaster, note: console.error }));
    }
    const lines = [...machine, `Runs: ${options.runs} of each, in turn`];
    const rows = tableRows(outcomes);
    if (options.json) console.log(JSON.stringify(outcomes));
    else console.log([...lines, "", plainTable(rows), "", ...shortfalls(outcomes)].join("\n"));
    if (options.write)
      writeResults([...lines.map((line) => `- ${line}`), "", markdownTable(rows)].join("\n"));
  } finally {
    await scene.close();
  }
}

function routesOf(scene: Scene, options: BenchOptions): readonly Route[] {
  const postgres = postgresDestination(scene);
  const duckdb = duckdbDestination(scene);
  const routes = [
    fullRefresh(scene, postgres),
    fullRefresh(scene, duckdb),
    fullRefresh(scene, parquetDestination(scene)),
    fakerToDevNull(scene, options.fakerRows),
    stdioToDevNull(scene, options.fakerRows / 5),
    fromFile(scene, { format: "csv", destination: duckdb, target: 0.8 }),
    fromFile(scene, { format: "csv", destination: postgres, target: 0.8 }),
    fromFile(scene, { format: "jsonl", destination: duckdb, target: 0.7 }),
    nothingNew(scene, postgres),
    nothingNew(scene, duckdb),
  ].filter(({ name }) => name.includes(options.route));
  return options.control ? routes.flatMap(limitAgainstItself) : routes;
}

/** Exit code 2: called in a way that cannot work. */
function refuse(problem: string, next: string): never {
  console.error(`error: ${problem}\n  next: ${next}`);
  process.exit(2);
}

function optionsOrRefuse(): BenchOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    return refuse((error as Error).message, "see docs/benchmarks.md for the options");
  }
}

const options = optionsOrRefuse();
if (psqlVersion() === undefined)
  refuse("psql is missing, which the limits are measured with", "apt-get install postgresql-client");
try {
  await bench(options);
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
