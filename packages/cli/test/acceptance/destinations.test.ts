import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  databaseBehaviour,
  destinationRow,
  type DestinationSubject,
  fileBehaviour,
  linesDump,
  plainIdentifiers,
  rowsOfSide,
  settle,
  sqlDump,
} from "@weir/kit/acceptance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { duckSql, newDatabase } from "../end-to-end/databases.ts";
import { executable, folder, recordedSpec } from "./executable.ts";

// Files that run in one process share the folder, and each leaves nothing behind.
beforeAll(() => mkdir(folder, { recursive: true }));
afterAll(() => rm(folder, { recursive: true, force: true }));

const notFolder = [{ config: { folder: fileURLToPath(import.meta.url) }, says: /not a folder/ }];

/** A row may start a dozen processes, on a machine that is busy with others. */
const PATIENCE_MS = 180_000;

const subjects: Readonly<Record<string, () => Promise<DestinationSubject>>> = {
  "destination-duckdb": async () => {
    const path = join(folder, "warehouse.duckdb");
    return {
      runner: executable("destination-duckdb"),
      config: { path },
      invalid: [{ config: { path: folder }, says: /folder|directory/i }],
      behaviour: databaseBehaviour,
      identifiers: plainIdentifiers,
      dump: sqlDump((text) => duckSql(path, text), "main"),
    };
  },
  "destination-postgres": async () => {
    const database = await newDatabase();
    const { config } = database.destination;
    return {
      runner: executable("destination-postgres"),
      config,
      invalid: [
        { config: { ...config, port: 1, password: "wr0ng-password" }, says: /reach|refuse|connect/i },
      ],
      secrets: ["wr0ng-password"],
      behaviour: { ...databaseBehaviour, longDecimals: "kept", nul: "marked" },
      identifiers: plainIdentifiers,
      dump: sqlDump((text) => database.sql(text), "public"),
    };
  },
  "destination-jsonl": async () => ({
    runner: executable("destination-jsonl", { WEIR_CONNECTION: "acceptance" }),
    config: { folder: join(folder, "lines") },
    invalid: notFolder,
    behaviour: fileBehaviour,
    identifiers: plainIdentifiers,
    dump: linesDump(join(folder, "lines")),
  }),
  "destination-file": async () => ({
    runner: executable("destination-file"),
    config: { folder: join(folder, "files"), format: "jsonl" },
    invalid: notFolder,
    behaviour: fileBehaviour,
    identifiers: plainIdentifiers,
    dump: linesDump(join(folder, "files")),
  }),
  "destination-dev-null": async () => ({
    runner: executable("destination-dev-null"),
    config: {},
    invalid: [{ config: { checksum: "none such" }, says: /checksum/ }],
    behaviour: databaseBehaviour,
  }),
};

for (const [id, make] of Object.entries(subjects)) {
  describe(`${id} as an executable`, () => {
    let subject: Promise<DestinationSubject> | undefined;
    for (const row of rowsOfSide("destination")) {
      test(`${row.id} ${row.title}`, { timeout: PATIENCE_MS }, async ({ skip }) => {
        subject ??= make();
        settle(await destinationRow(row.id, { ...(await subject), spec: recordedSpec(id) }), (reason) =>
          skip(reason),
        );
      });
    }
  });
}
