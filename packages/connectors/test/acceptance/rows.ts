import { readFileSync } from "node:fs";
import {
  destinationRow,
  type DestinationSubject,
  rowsOfSide,
  settle,
  sourceRow,
  type SourceSubject,
} from "@weir/kit/acceptance";
import type { JsonObject } from "@weir/protocol";
import { describe, test } from "vitest";

/** What the connector's `spec` said when it was last generated. */
function recordedSpec(id: string): JsonObject {
  const [, kind = "", folder = ""] = /^([a-z]+)-(.+)$/.exec(id) ?? [];
  const path = new URL(`../../src/${folder}/${kind}.spec.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as JsonObject;
}

async function withSpec<S extends Subject>(made: Promise<S>): Promise<S> {
  const subject = await made;
  return { ...subject, spec: recordedSpec(subject.runner.id) };
}

type Subject = Pick<SourceSubject, "runner" | "spec">;

/** Every row of the suite as a test of its own; the subject is made at the first one. */
export function acceptDestination(name: string, make: () => Promise<DestinationSubject>): void {
  describe(name, () => {
    let subject: Promise<DestinationSubject> | undefined;
    for (const { id, title } of rowsOfSide("destination")) {
      test(`${id} ${title}`, async ({ skip }) => {
        subject ??= withSpec(make());
        settle(await destinationRow(id, await subject), (reason) => skip(reason));
      });
    }
  });
}

export function acceptSource(name: string, make: () => Promise<SourceSubject>): void {
  describe(name, () => {
    let subject: Promise<SourceSubject> | undefined;
    for (const { id, title } of rowsOfSide("source")) {
      test(`${id} ${title}`, async ({ skip }) => {
        subject ??= withSpec(make());
        settle(await sourceRow(id, await subject), (reason) => skip(reason));
      });
    }
  });
}
