import {
  destinationRow,
  type DestinationSubject,
  rowsOfSide,
  settle,
  sourceRow,
  type SourceSubject,
} from "@weir/kit/acceptance";
import { describe, test } from "vitest";

/** Every row of the suite as a test of its own; the subject is made at the first one. */
export function acceptDestination(name: string, make: () => Promise<DestinationSubject>): void {
  describe(name, () => {
    let subject: Promise<DestinationSubject> | undefined;
    for (const { id, title } of rowsOfSide("destination")) {
      test(`${id} ${title}`, async ({ skip }) => {
        subject ??= make();
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
        subject ??= make();
        settle(await sourceRow(id, await subject), (reason) => skip(reason));
      });
    }
  });
}
