import { copyBinary } from "../limits/postgres.ts";
import { LINEITEM } from "../lineitem.ts";
import { MEGABYTE } from "../routes/route.ts";
import type { Contents } from "../routes/route.ts";
import type { Scene } from "../scene.ts";
import { connectorConfig, TARGET } from "../servers.ts";
import type { Servers } from "../servers.ts";
import type { Destination } from "./destination.ts";

export function postgresDestination(scene: Scene): Destination {
  const { servers, fifo } = scene;
  return {
    name: "postgres",
    endpoint: { connector: "destination-postgres", config: connectorConfig(servers, TARGET) },
    memoryBytes: 300 * MEGABYTE,
    limitName: "COPY binary, psql to psql",
    limit: (width) => copyBinary(servers, fifo, width),
    empty: () => scene.emptyTarget(),
    contents: () => contents(servers),
  };
}

async function contents(servers: Servers): Promise<Contents> {
  const columns = LINEITEM.map(({ name }) => name).join(", ");
  const client = await servers.connect(TARGET);
  try {
    const { rows } = await client.query<{ rows: string; digest: string }>(
      `select count(*) as rows, sum(hashtextextended(row(${columns})::text, 0)) as digest from lineitem`,
    );
    return { rows: Number(rows[0]?.rows), digest: rows[0]?.digest ?? "" };
  } finally {
    await client.end();
  }
}
