import type { JsonObject, SourceState } from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import { expect, expectEqual, expectSame } from "../expect.ts";
import { notApplicable } from "../row.ts";
import { ofType, ran } from "../run-command.ts";
import { cancelledWithin, noSecrets } from "../spec-and-check.ts";
import { configured, readFrom } from "./reading.ts";
import { expectRecords } from "./records.ts";
import type { SourceSubject } from "./subject.ts";

export async function hardNames(subject: SourceSubject): Promise<JsonObject> {
  const { hard } = subject;
  if (hard === undefined) notApplicable("its names are given by nobody else");
  const { config, rows } = await hard();
  const catalog = await configured(subject, "full_refresh", config);
  const reading = await readFrom(subject, { catalog, config });
  for (const [key, wanted] of Object.entries(rows)) {
    const stream = catalog.streams.find((each) => streamKey(each.stream) === key);
    expect(stream !== undefined, `stream ${key} is not found`);
    expectRecords(stream, reading.records.get(key) ?? [], wanted, `rows of ${key}`);
  }
  return { streams: Object.keys(rows).length };
}

const MISSING = "weir_stream_that_does_not_exist";

export async function missingStream(subject: SourceSubject): Promise<JsonObject> {
  const catalog = await configured(subject, "full_refresh");
  const [first] = catalog.streams;
  expect(first !== undefined, "it finds no stream");
  const streams = [{ ...first, stream: { ...first.stream, name: MISSING } }];
  const { config } = subject;
  const result = await ran(subject.runner, { name: "read", config, catalog: { streams }, state: [] });
  noSecrets(result.messages, subject);
  expect(result.error !== undefined, "the read ended well");
  const traces = ofType(result.messages, "TRACE").map(({ trace }) => trace);
  expect(
    traces.some(({ type }) => type === "ERROR"),
    "no TRACE ERROR came",
  );
  const isComplete = traces.some(
    (trace) => trace.type === "STREAM_STATUS" && trace.stream_status.status === "COMPLETE",
  );
  expect(!isComplete, "the stream was called complete");
  return {};
}

/** A state the source cannot have written: it starts again, or refuses. */
export async function foreignState(subject: SourceSubject): Promise<JsonObject> {
  const catalog = await configured(subject, "incremental");
  if (catalog.streams.length === 0) notApplicable("no stream can be read incrementally");
  const whole = await readFrom(subject, { catalog });
  const states = catalog.streams.map(({ stream: { name, namespace } }): SourceState => ({
    type: "STREAM",
    name,
    namespace,
    state: { somebody: "else", version: 99, lsn: "FF/FFFFFFFF" },
  }));
  const { config } = subject;
  const result = await ran(subject.runner, { name: "read", config, catalog, state: states });
  if (result.error !== undefined) {
    expect(
      ofType(result.messages, "TRACE").some(({ trace }) => trace.type === "ERROR"),
      "it failed without a TRACE ERROR",
    );
    return { refused: true };
  }
  for (const [key, wanted] of whole.records) {
    const found = result.messages.flatMap((message) =>
      message.type === "RECORD" &&
      streamKey({ name: message.record.stream, namespace: message.record.namespace }) === key
        ? [message.record.data]
        : [],
    );
    expectSame(found, wanted, `rows of ${key} under a state of somebody else`);
  }
  return { refused: false };
}

export async function cancels(subject: SourceSubject): Promise<JsonObject> {
  const config = subject.slow ?? subject.config;
  const catalog = await configured(subject, "full_refresh");
  const command = { name: "read", config, catalog, state: [] } as const;
  const ms = await cancelledWithin(subject.runner, command, {
    ms: 1000,
    after: (message) => message.type === "RECORD" || message.type === "TRACE",
  });
  return { ms };
}

/** Everything the source says when all is well and when it is not. */
export async function keepsSecrets(subject: SourceSubject): Promise<JsonObject> {
  const { runner, config, secrets = [], invalid } = subject;
  if (secrets.length === 0) notApplicable("its configuration has no secret");
  const catalog = await configured(subject, "full_refresh");
  let messages = 0;
  for (const given of [config, ...invalid.map((each) => each.config)]) {
    for (const name of ["check", "discover", "read"] as const) {
      const result = await ran(runner, { name, config: given, catalog, state: [] });
      noSecrets(result.messages, subject);
      const said = result.error instanceof Error ? `${result.error.message} ${result.error.stack ?? ""}` : "";
      for (const secret of secrets) expect(!said.includes(secret), `the failure of ${name} holds a secret`);
      messages += result.messages.length;
    }
  }
  expectEqual(messages > 0, true, "anything was said");
  return { messages };
}
