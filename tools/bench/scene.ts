import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, SOURCE, startServers, TARGET } from "./servers.ts";
import type { Servers } from "./servers.ts";
import { fillLineitem } from "./lineitem.ts";
import { makeFifo } from "./measure/fifo.ts";

/** What the routes share: the filled source, an emptiable target, a folder. */
export interface Scene {
  readonly servers: Servers;
  readonly folder: string;
  readonly fifo: string;
  readonly rows: number;
  /** Removes everything in the target database; the checkpoint keeps earlier runs' writes out of the next one. */
  emptyTarget(): Promise<void>;
  close(): Promise<void>;
}

export async function openScene(rows: number): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const servers = await startServers();
  const close = async (): Promise<void> => {
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const client = await servers.connect(SOURCE);
    await fillLineitem(client, rows);
    await client.end();
    const fifo = join(folder, "fifo");
    makeFifo(fifo);
    const emptyTarget = async (): Promise<void> => {
      await ask(servers, SOURCE, `drop database if exists ${TARGET}`);
      await servers.postgres.createDatabase(TARGET);
      await ask(servers, SOURCE, "checkpoint");
    };
    return { servers, folder, fifo, rows, emptyTarget, close };
  } catch (error) {
    await close();
    throw error;
  }
}
