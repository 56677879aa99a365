import type { ConfiguredCatalog, JsonObject, SourceSyncMode } from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import { expect, expectEqual, expectSame, stableText } from "../expect.ts";
import { notApplicable, skip } from "../row.ts";
import { ofType } from "../run-command.ts";
import { configured, type Reading, readFrom } from "./reading.ts";
import { expectRecords } from "./records.ts";
import type { SourceSubject } from "./subject.ts";

/** More states than a source under test may have: it would be one that never comes to its end. */
const MOST_STATES = 200;

export async function fullReadAgain(subject: SourceSubject): Promise<JsonObject> {
  const catalog = await configured(subject, "full_refresh");
  const first = await readFrom(subject, { catalog });
  const second = await readFrom(subject, { catalog });
  for (const [key, records] of first.records) {
    expectSame(second.records.get(key) ?? [], records, `rows of ${key} at the second read`);
  }
  return { streams: catalog.streams.length };
}

export function fullReadResumed(subject: SourceSubject): Promise<JsonObject> {
  return resumed(subject, "full_refresh");
}

export function incrementalResumed(subject: SourceSubject): Promise<JsonObject> {
  return resumed(subject, "incremental");
}

async function catalogFor(subject: SourceSubject, mode: SourceSyncMode): Promise<ConfiguredCatalog> {
  const catalog = await configured(subject, mode);
  if (catalog.streams.length === 0) notApplicable(`no stream can be read by ${mode}`);
  return catalog;
}

/** A chain of reads, each killed after its first new state: so every state of the read is gone on from once. */
async function resumed(subject: SourceSubject, mode: SourceSyncMode): Promise<JsonObject> {
  const catalog = await catalogFor(subject, mode);
  const whole = await readFrom(subject, { catalog });
  const pieces: Reading[] = [];
  let piece: Reading;
  do {
    const states = pieces.at(-1)?.states ?? [];
    piece = await readFrom(subject, { catalog, states, stopAfterStates: 1 });
    pieces.push(piece);
    expect(pieces.length <= MOST_STATES, `after ${MOST_STATES} states the read is not at its end`);
  } while (piece.wasStopped);
  for (const { stream } of catalog.streams) {
    const key = streamKey(stream);
    const all = pieces.flatMap(({ records }) => records.get(key) ?? []);
    const wanted = whole.records.get(key) ?? [];
    const what = `rows of ${key} from ${pieces.length} reads`;
    if (subject.repeats === "last") expectSame(distinct(all), distinct(wanted), what);
    else expectSame(all, wanted, what);
  }
  if (pieces.length < 3) skip(`the read has only ${pieces.length - 1} states to go on from`);
  return { resumed: pieces.length - 1 };
}

function distinct(rows: readonly JsonObject[]): readonly JsonObject[] {
  return [...new Map(rows.map((row) => [stableText(row), row])).values()];
}

export async function incrementalAgain(subject: SourceSubject): Promise<JsonObject> {
  const catalog = await catalogFor(subject, "incremental");
  const first = await readFrom(subject, { catalog });
  const second = await readFrom(subject, { catalog, states: first.states });
  for (const [key, records] of second.records) {
    if (subject.repeats === "last") {
      const before = new Set((first.records.get(key) ?? []).map(stableText));
      expect(
        records.every((row) => before.has(stableText(row))),
        `${key}: a row comes that was not there before`,
      );
      expect(records.length < Math.max(2, before.size), `${key}: every row comes again`);
    } else {
      expectEqual(records.length, 0, `rows of ${key} at the second read`);
    }
  }
  const states = ofType(second.messages, "STATE").length;
  expect(states > 0, "no state came at the second read");
  return { states };
}

export async function incrementalWithChanges(subject: SourceSubject): Promise<JsonObject> {
  const { change } = subject;
  const catalog = await catalogFor(subject, "incremental");
  if (change === undefined) notApplicable("its data do not change");
  const first = await readFrom(subject, { catalog });
  const changed = await change();
  const second = await readFrom(subject, { catalog, states: first.states });
  let rows = 0;
  for (const stream of catalog.streams) {
    const key = streamKey(stream.stream);
    const wanted = changed[key] ?? [];
    const before = new Set((first.records.get(key) ?? []).map(stableText));
    const found = (second.records.get(key) ?? []).filter(
      (row) => subject.repeats !== "last" || !before.has(stableText(row)),
    );
    expectRecords(stream, found, wanted, `changed rows of ${key}`);
    rows += found.length;
  }
  return { rows };
}
