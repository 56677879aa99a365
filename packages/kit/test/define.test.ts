import { defineDestination, defineSource, type SourceDefinition, Type } from "@weir/kit";
import { testContext } from "@weir/kit/testing";
import { WeirError } from "@weir/protocol";
import { expect, test } from "vitest";

const config = Type.Object({
  host: Type.String({ title: "Host" }),
  password: Type.String({ airbyte_secret: true }),
});
const given = { host: "db", password: "hunter2" };

function source(parts: Partial<SourceDefinition<typeof config>>): ReturnType<typeof defineSource> {
  return defineSource({
    id: "source-test",
    title: "Test",
    config,
    check: async () => {},
    discover: async () => ({ streams: [] }),
    open: async () => ({ kind: "messages", async *messages() {}, close: async () => {} }),
    ...parts,
  });
}

test("the specification is Airbyte's, made of the configuration's schema", () => {
  expect(source({ documentationUrl: "https://example.com/docs" }).spec).toEqual({
    protocol_version: "0.18.0",
    documentationUrl: "https://example.com/docs",
    connectionSpecification: {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      required: ["host", "password"],
      properties: {
        host: { type: "string", title: "Host" },
        password: { type: "string", airbyte_secret: true },
      },
    },
  });
});

test("a destination says in Airbyte's words how it can write", () => {
  const { spec } = defineDestination({
    id: "destination-test",
    title: "Test",
    config,
    modes: ["append", "overwrite", "append_dedup", "overwrite_dedup"],
    check: async () => {},
    open: async () => {
      throw new Error("not opened here");
    },
  });
  expect(spec.supportsIncremental).toBe(true);
  expect(spec.supported_destination_sync_modes).toEqual(["append", "overwrite", "append_dedup"]);
});

test.each(["test", "source-", "source-Test", "destination-test", "source-a_b"])(
  "%s is no id of a source",
  (id) => {
    expect(() => source({ id })).toThrow(/source-<system>/);
  },
);

test("the author's functions get the configuration", async () => {
  const seen: unknown[] = [];
  const connector = source({
    check: async (value) => void seen.push(value.host),
    discover: async (value) => ({ streams: [], host: value.host }),
  });
  expect(await connector.check(given, testContext())).toEqual({ status: "SUCCEEDED", failures: [] });
  expect(await connector.discover(given, testContext())).toEqual({ streams: [], host: "db" });
  expect(seen).toEqual(["db"]);
});

test("a check that throws has failed, and says why without the secret", async () => {
  const connector = source({
    check: async () => {
      throw new Error("cannot log in to postgres://u:hunter2@db");
    },
  });
  const result = await connector.check(given, testContext());
  expect(result).toMatchObject({
    status: "FAILED",
    failures: [{ code: "source.unexpected", origin: "source" }],
  });
  expect(JSON.stringify(result)).not.toContain("hunter2");
  expect(result.message).toContain("**********");
});

test("a check that is aborted throws", async () => {
  const controller = new AbortController();
  const connector = source({
    check: async (_config, { signal }) => {
      controller.abort(new Error("enough"));
      signal.throwIfAborted();
    },
  });
  await expect(connector.check(given, testContext({ signal: controller.signal }))).rejects.toThrow("enough");
});

test("failures of open and discover keep their code and lose their secrets, stack included", async () => {
  const failure = {
    code: "source.unreachable",
    message: "No answer from db for hunter2.",
    next: "Look whether hunter2 is right.",
    recovery: "retry",
    origin: "source",
    detail: "hunter2",
  } as const;
  const connector = source({
    discover: async () => {
      throw new WeirError(failure);
    },
    open: async () => {
      throw new TypeError("hunter2 is not a function");
    },
  });
  const found: unknown = await connector.discover(given, testContext()).catch((error: unknown) => error);
  expect(found).toMatchObject({ failure: { code: "source.unreachable", recovery: "retry" } });
  const opening = connector.open({
    config: given,
    catalog: { streams: [] },
    state: [],
    context: testContext(),
  });
  const opened: unknown = await opening.catch((error: unknown) => error);
  expect(opened).toMatchObject({ failure: { code: "source.unexpected" } });
  for (const error of [found, opened] as WeirError[]) {
    expect(`${error.stack}${error.message}${JSON.stringify(error.failure)}`).not.toContain("hunter2");
  }
});
