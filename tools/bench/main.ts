import { duckdbDestination } from "./destinations/duckdb.ts";
import { postgresDestination } from "./destinations/postgres.ts";
import { readOptions } from "./options.ts";
import { writeResults } from "./report/document.ts";
import { describeMachine, psqlVersion } from "./report/machine.ts";
import { markdownTable, plainTable, shortfalls, tableRows } from "./report/table.ts";
import { fakerToDevNull } from "./routes/from-faker.ts";
import { fullRefresh, nothingNew } from "./routes/from-postgres.ts";
import type { Outcome } from "./run.ts";
import { runRoute } from "./run.ts";
import { openScene } from "./scene.ts";

const options = readOptions(process.argv.slice(2));
if (psqlVersion() === undefined) {
  console.error(
    "error: psql is missing, which the limits are measured with\n  next: apt-get install postgresql-client",
  );
  process.exit(2);
}

const outcomes: Outcome[] = [];
const note = (text: string): void => console.error(text);
note(`filling ${options.rows} rows`);
const scene = await openScene(options.rows);
try {
  const machine = await describeMachine(scene.servers, Date.now());
  const postgres = postgresDestination(scene);
  const duckdb = duckdbDestination(scene);
  const routes = [
    fullRefresh(scene, postgres),
    fullRefresh(scene, duckdb),
    fakerToDevNull(scene, options.fakerRows),
    nothingNew(scene, postgres),
    nothingNew(scene, duckdb),
  ].filter(({ name }) => name.includes(options.route));
  for (const route of routes) {
    outcomes.push(await runRoute(route, { runs: options.runs, postmaster: scene.servers.postmaster, note }));
  }
  if (options.json) console.log(JSON.stringify(outcomes));
  else console.log([...machine, "", plainTable(tableRows(outcomes)), "", ...shortfalls(outcomes)].join("\n"));
  if (options.write) {
    const lines = [...machine.map((line) => `- ${line}`), `- Runs: ${options.runs} of each, in turn`];
    writeResults(`${lines.join("\n")}\n\n${markdownTable(tableRows(outcomes))}`);
  }
} finally {
  await scene.close();
}
