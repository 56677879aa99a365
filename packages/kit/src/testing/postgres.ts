import { type EmbeddedPostgres, startEmbeddedPostgres } from "../embedded-postgres/index.ts";

let server: Promise<EmbeddedPostgres> | undefined;
let made = 0;

/**
 * The server that all tests of this thread share. It needs no stopping: it ends with the thread. A test that kills or
 * restarts its server starts one of its own.
 */
export function testServer(): Promise<EmbeddedPostgres> {
  server ??= startEmbeddedPostgres({
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
  });
  return server;
}

/** URL of a new, empty database on that server. */
export async function testPostgres(): Promise<string> {
  const shared = await testServer();
  made += 1;
  return shared.createDatabase(`test_${made}`);
}
