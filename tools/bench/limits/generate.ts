import { connectors } from "@weir/connectors";
import { parseConfig } from "@weir/kit";
import type { Encoding } from "@weir/protocol";
import { fieldsOf, systemClock } from "@weir/protocol";

// The generator with nothing behind it: makes every batch of one stream and counts its rows.
const [connector, name, config] = process.argv.slice(2);
const row = connectors.find(({ id }) => id === connector);
if (row?.kind !== "source") throw new Error(`${connector} is no source`);
const source = await row.load();
const parsed = parseConfig(source.spec.connectionSpecification, JSON.parse(config ?? "{}"), "config");
const context = { clock: systemClock, log: () => undefined, signal: new AbortController().signal };
const given = { config: parsed.config, context };
const { streams } = await source.discover(given.config, context);
const stream = streams.find((each) => each.name === name);
if (stream === undefined) throw new Error(`${connector} has no stream ${name}`);
const configured = { stream, sync_mode: "full_refresh", destination_sync_mode: "overwrite" } as const;
const session = await source.open({ ...given, catalog: { streams: [configured] }, state: [] });
if (session.kind !== "parts") throw new Error(`${connector} gives messages`);

const reader = await session.reader(configured, null);
const columns = fieldsOf(stream.json_schema).map((field) => ({ field, type: "" }));
const encoding: Encoding = { format: "batch", columns, cost: 4 };
let rows = 0;
for await (const part of reader.parts(context.signal)) {
  const read = part.read(encoding, context.signal);
  if (read.form !== "batches") throw new Error(`${connector} gives bytes`);
  for await (const batch of read.chunks) rows += batch.rows;
}
await session.close();
process.stdout.write(String(rows));
