import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { rowsOf } from "@weir/kit/testing";
import { describe, expect, it } from "vitest";
import { childProcess, environmentFor } from "../../src/runners/index.ts";
import type { HostileOptions } from "./executables.ts";
import { CATALOG, foldersLeft, hostile, idsOf, overhear, processesWith, readAll } from "./executables.ts";

const SECRETS = { token: "s3cr3t-token", nested: { keys: ["inner-key-42"] } };

async function reading(what: string, options: HostileOptions = {}) {
  const { context, logged, rotated } = overhear();
  const messages: Message[] = [];
  let failure: unknown;
  const command = { name: "read", config: { do: what, ...SECRETS }, catalog: CATALOG, state: [] } as const;
  try {
    for await (const message of hostile("source.mjs", options).run(command, context)) messages.push(message);
  } catch (error) {
    failure = error;
  }
  const logs = messages.flatMap((message) => (message.type === "LOG" ? [message.log.message] : []));
  return { messages, ids: idsOf(messages), logs, logged, rotated, failure };
}

function failureIn(error: unknown): WeirError["failure"] {
  if (!(error instanceof WeirError)) throw new Error("no typed failure", { cause: error });
  return error.failure;
}

describe("an executable that ends well", () => {
  it("gives its messages in order, and its files go", async () => {
    const { messages, failure } = await reading("well");
    expect(failure).toBeUndefined();
    expect(messages.map(({ type }) => type)).toEqual(["RECORD", "RECORD", "STATE", "TRACE"]);
    expect(await foldersLeft()).toEqual([]);
  });

  it("may end its last line with its life", async () => {
    expect(await reading("lastLineWithoutEnd")).toMatchObject({ failure: undefined, logs: ["the end"] });
  });

  it("may send a record of 20 MB", async () => {
    const { messages, failure } = await reading("large");
    expect(failure).toBeUndefined();
    const [first] = messages;
    expect(first).toMatchObject({ record: { data: { text: "y".repeat(20_000_000) } } });
  });

  it("gets the environment of a process and no more", async () => {
    process.env["WEIR_TEST_UNNAMED"] = "hidden";
    const { logs } = await reading("environment", { env: { NAMED: "seen" } });
    delete process.env["WEIR_TEST_UNNAMED"];
    expect(JSON.parse(logs[0] ?? "")).toMatchObject({ NAMED: "seen", PATH: process.env["PATH"] });
    expect(logs[0]).not.toContain("WEIR_TEST_UNNAMED");
  });
});

describe("an executable that is told secrets", () => {
  it("does not get them into a log, from its environment neither", async () => {
    const secrets = ["open-sesame"];
    const { logs } = await reading("environment", { env: { NAMED: "open-sesame" }, secrets });
    expect(logs[0]).toContain('"NAMED":"**********"');
  });

  it("keeps a credential it replaced in the breath of a broken message", async () => {
    const { failure, rotated } = await reading("rotatesAfterBroken");
    expect(failureIn(failure).code).toBe("connector.protocol");
    expect(rotated).toMatchObject([{ token: "new" }]);
  });
});

describe("lines that are no messages", () => {
  it("become log messages in their place, without secrets of any depth", async () => {
    const { ids, logs, failure } = await reading("garbage");
    expect(failure).toBeUndefined();
    expect(ids).toEqual([1, 2]);
    expect(logs).toHaveLength(4);
    expect(logs[0]).toContain("JAVA_TOOL_OPTIONS");
    expect(logs[3]?.trim()).toBe("token ********** and **********");
  });

  it("are counted when there are too many", async () => {
    const { logs, ids, failure } = await reading("garbageFlood");
    expect(failure).toBeUndefined();
    expect(ids).toEqual([1, 2]);
    expect(logs).toHaveLength(1001);
    expect(logs.at(-1)).toContain("4000 more lines");
  });

  it("on stderr are drained, logged up to a bound and struck", async () => {
    const { ids, logged, failure } = await reading("stderrFlood");
    expect(failure).toBeUndefined();
    expect(ids).toEqual([1, 2]);
    expect(logged.length).toBeLessThanOrEqual(1001);
    expect(logged.join("\n")).not.toContain(SECRETS.token);
    expect(logged.at(-1)).toContain("19000 more lines");
  });
});

describe("an executable that breaks", () => {
  it("ends though it is deaf and nobody reads the line it writes", async () => {
    const { failure } = await reading("endlessLine", { limits: { lineBytes: 1_000_000 } });
    expect(failureIn(failure).code).toBe("connector.message_too_large");
  }, 15_000);

  it.each([
    ["broken", [1], { code: "connector.protocol", recovery: "stop" }],
    ["half", [1], { code: "connector.protocol", recovery: "retry" }],
    ["tooLarge", [1], { code: "connector.message_too_large", recovery: "stop" }],
    ["exit137", [1], { code: "connector.exited", recovery: "retry" }],
    ["killed", [1], { code: "connector.exited", recovery: "retry" }],
    ["halfAndKilled", [], { code: "connector.exited", recovery: "retry" }],
    ["traceError", [1], { code: "source.reported_config_error", recovery: "ask", detail: "HTTP 403" }],
  ] as const)(
    "%s: gives what came before and a typed failure",
    async (what, ids, expected) => {
      const result = await reading(what);
      expect(failureIn(result.failure)).toMatchObject({ ...expected, origin: "source" });
      expect(result.ids).toEqual(ids);
      expect(JSON.stringify(failureIn(result.failure))).not.toContain(SECRETS.token);
    },
    30_000,
  );

  it("names the place of what is broken, and no value", async () => {
    const { message } = failureIn((await reading("broken")).failure);
    expect(message).toContain("record.data");
    expect(message).not.toContain("secret data");
  });

  it("tells the last lines of its stderr without secrets", async () => {
    const { message, detail } = failureIn((await reading("exit3")).failure);
    expect(message).toContain("with code 3: Traceback: the token ********** was refused");
    expect(detail).not.toContain(SECRETS.token);
  });

  it.each([
    [["/nowhere/at/all"], "connector.not_started"],
    [["no-such-command-anywhere"], "connector.not_started"],
    [[import.meta.filename], "connector.not_started"],
  ])("%j cannot be started", async (argv, code) => {
    const runner = childProcess({ id: "x", argv, env: environmentFor([], process.env), folder: "/", rowsOf });
    await expect(runner.source(overhear().context)).rejects.toMatchObject({
      failure: { code, recovery: "ask" },
    });
  });

  it("has no folder to run in", async () => {
    const runner = childProcess({ id: "x", argv: ["true"], env: {}, folder: "/no/such/folder", rowsOf });
    await expect(runner.source(overhear().context)).rejects.toMatchObject({
      failure: { code: "connector.not_started" },
    });
  });
});

describe("spec, check and discover", () => {
  it.each([
    ["none", "connector.protocol"],
    ["destination", "connector.kind"],
    ["hang", "connector.silent"],
  ])("a spec that is %s fails with %s", async (SPEC, code) => {
    const runner = hostile("source.mjs", { env: { SPEC }, limits: { specMs: 700 } });
    await expect(runner.source(overhear().context)).rejects.toMatchObject({ failure: { code } });
  });

  it.each([
    ["badCheck", { code: "source.check_failed", message: "wrong token **********" }],
    ["noCheck", { code: "connector.protocol" }],
  ])("a check (%s) that fails says why", async (what, failure) => {
    const { context } = overhear();
    const source = await hostile("source.mjs").source(context);
    const result = await source.check({ do: what, ...SECRETS }, context);
    expect(result).toMatchObject({ status: "FAILED", failures: [failure] });
  });

  it.each(["badCatalog", "twice", "noCatalog"])("a catalog (%s) is checked", async (what) => {
    const { context } = overhear();
    const source = await hostile("source.mjs").source(context);
    await expect(source.discover({ do: what }, context)).rejects.toMatchObject({
      failure: { code: "connector.protocol" },
    });
  });
});

describe("rotation", () => {
  it("is told before what comes after, and its secret is struck from then on", async () => {
    const { rotated, logs } = await reading("control");
    expect(rotated).toMatchObject([{ token: "rotated-token" }]);
    expect(logs).toEqual(["now with **********"]);
  });

  it("is heard while the executable is being ended", async () => {
    const stop = new AbortController();
    const { context, rotated } = overhear(stop.signal);
    for await (const message of hostile("source.mjs").run(
      { name: "read", config: { do: "controlAtTheEnd" }, catalog: CATALOG, state: [] },
      context,
    ))
      if (message.type === "RECORD") break;
    expect(rotated).toEqual([{ do: "controlAtTheEnd", token: "last" }]);
  });
});

describe("the end of an executable", () => {
  // A machine with more to do than it can starts a shell in a second.
  it.each(["hang", "deaf", "hangingGrandchild"])(
    "comes within a second of the abort (%s)",
    { retry: 3 },
    async (what) => {
      const stop = new AbortController();
      const { context } = overhear(stop.signal);
      const mark = `weir-mark-${what}-${process.pid}`;
      const runner = hostile("source.mjs");
      await runner.source(context);
      const read = readAll(runner, { do: what, mark }, context);
      read.catch(() => undefined);
      await sleep(500);
      const before = performance.now();
      stop.abort(new Error("stopped"));
      await expect(read).rejects.toThrow("stopped");
      expect(performance.now() - before).toBeLessThan(1000);
      expect(processesWith(mark)).toEqual([]);
      expect(await foldersLeft()).toEqual([]);
    },
  );

  it("comes when nobody reads on", async () => {
    const { context } = overhear();
    const mark = `weir-mark-early-${process.pid}`;
    const command = {
      name: "read",
      config: { do: "hangingGrandchild", mark },
      catalog: CATALOG,
      state: [],
    } as const;
    for await (const message of hostile("source.mjs").run(command, context)) {
      expect(message.type).toBe("RECORD");
      await sleep(200);
      expect(processesWith(mark)).toHaveLength(1);
      break;
    }
    expect(processesWith(mark)).toEqual([]);
  });

  it("is not put off by what it started, which ends with it", async () => {
    const { context } = overhear();
    const mark = `weir-mark-left-${process.pid}`;
    const messages = await readAll(hostile("source.mjs"), { do: "grandchild", mark }, context);
    expect(idsOf(messages)).toEqual([1, 2]);
    expect(processesWith(mark)).toEqual([]);
  });
});
