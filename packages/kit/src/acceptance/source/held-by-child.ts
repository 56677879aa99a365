import { setTimeout as sleep } from "node:timers/promises";
import type { ConfiguredCatalog, JsonObject } from "@weir/protocol";
import { expect } from "../expect.ts";
import { type Holding, holdingOf, livingOn } from "../processes.ts";
import { silentContext } from "../run-command.ts";
import type { SourceSubject } from "./subject.ts";

/** How long a read is watched at the most; many are over before. */
const WATCHED_MS = 4000;
const SAMPLE_MS = 40;
/** Below this many looks there is nothing to compare. */
const FEWEST_SAMPLES = 12;
/** Files, sockets and pipes that a read may hold more at its end than in its middle. */
const DESCRIPTORS = 8;
/** A read in its second half has what it needs: what comes on top of that stays. */
const GROWTH_BYTES = 64 * 1024 * 1024;

/** What the executable itself holds during a read, the long one where the source has one. */
export async function whileReading(subject: SourceSubject, catalog: ConfiguredCatalog): Promise<JsonObject> {
  const groups = new Set<number>();
  const stop = new AbortController();
  const config = subject.slow ?? subject.config;
  const command = { name: "read", config, catalog, state: [] } as const;
  const over = new AbortController();
  const reading = (async () => {
    try {
      for await (const message of subject.runner.run(command, silentContext(stop.signal))) void message;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      over.abort();
    }
  })();
  reading.catch(() => undefined);
  const samples: Holding[] = [];
  for (const began = performance.now(); !over.signal.aborted && performance.now() - began < WATCHED_MS;) {
    await sleep(SAMPLE_MS);
    for (const group of subject.runner.groups?.() ?? []) groups.add(group);
    const holding = await holdingOf([...groups]);
    if (holding !== undefined && holding.processes > 0) samples.push(holding);
  }
  stop.abort(new Error("the read was watched for long enough"));
  await reading;
  const left = await livingOn([...groups]);
  expect(left === 0, `${left} processes live on after their read was ended`);
  if (samples.length < FEWEST_SAMPLES) return { samples: samples.length };
  const [early, late] = [
    samples.slice(samples.length / 4, samples.length / 2),
    samples.slice(-samples.length / 4),
  ];
  const descriptors = least(late, "descriptors") - most(early, "descriptors");
  const bytes = least(late, "residentBytes") - most(early, "residentBytes");
  expect(
    descriptors <= DESCRIPTORS,
    `the executable holds ${descriptors} files or sockets more at the end of a read`,
  );
  expect(
    bytes <= GROWTH_BYTES,
    `the executable holds ${Math.round(bytes / 1e6)} MB more at the end of a read`,
  );
  return { samples: samples.length, moreDescriptors: descriptors, moreMegabytes: Math.round(bytes / 1e6) };
}

function most(samples: readonly Holding[], of: keyof Holding): number {
  return Math.max(...samples.map((each) => each[of]));
}

function least(samples: readonly Holding[], of: keyof Holding): number {
  return Math.min(...samples.map((each) => each[of]));
}
